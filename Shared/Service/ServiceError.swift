/// Why a service cannot start or had to end, with the exit code that says so.
public struct ServiceError: Error, Sendable, CustomStringConvertible {
  public let code: ExitCode
  /// One sentence: what is wrong, and what to do.
  public let description: String

  public init(_ code: ExitCode, _ description: String) {
    self.code = code
    self.description = description
  }
}
