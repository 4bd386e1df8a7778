internal import Base
internal import Glibc

/// Why a child could not be started or fed, in a sentence for a person.
public struct ChildError: Error, Sendable, Hashable, CustomStringConvertible {
  public enum Kind: Sendable, Hashable {
    /// No such program, or not one that may be run.
    case programMissing
    /// A folder or file that the command names is missing or closed to us.
    case fileUnavailable
    /// Out of processes, memory or descriptors: trying again later may work.
    case resourcesExhausted
    /// The child no longer reads its input.
    case inputClosed
    /// The command cannot be expressed to the system.
    case invalidCommand
    case system
  }

  public let kind: Kind
  public let description: String

  init(_ kind: Kind, _ description: String) {
    self.kind = kind
    self.description = description
  }

  init(_ error: SystemError) {
    switch error.code {
    case EMFILE, ENFILE, EAGAIN, ENOMEM: kind = .resourcesExhausted
    case ENOENT, EACCES, ENOTDIR, EISDIR, EROFS: kind = .fileUnavailable
    case EPIPE: kind = .inputClosed
    default: kind = .system
    }
    description = error.description
  }

  /// From the errno of a failed start. The system does not say which step failed, so the likely
  /// causes are looked at again.
  static func starting(_ command: ChildCommand, errno code: Int32) -> ChildError {
    if let folder = command.workingDirectory, access(folder, X_OK) != 0 {
      return ChildError(
        .fileUnavailable,
        "\(command.program) was not started: its working folder \(folder) cannot be entered")
    }
    switch code {
    case ENOENT where !command.program.contains("/"):
      return ChildError(
        .programMissing,
        "the program '\(command.program)' was not found on the PATH; install it, or set PATH")
    case ENOENT:
      return ChildError(
        .programMissing, "the program \(command.program) does not exist, or its interpreter")
    case EACCES, ENOEXEC, EISDIR, ENOTDIR:
      return ChildError(
        .programMissing, "\(command.program) is not a program that this user may run")
    case E2BIG:
      return ChildError(.invalidCommand, "the arguments for \(command.program) are too long")
    default:
      let cause = SystemError(code: code, call: "vfork", subject: command.program)
      return ChildError(
        ChildError(cause).kind, "\(command.program) was not started: \(cause.reason)")
    }
  }
}
