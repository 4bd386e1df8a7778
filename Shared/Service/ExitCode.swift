internal import Base
internal import Bus
internal import Configuration
internal import HTTPServer
internal import Storage

/// What a process of the suite says by its exit code: the numbers of sysexits.h, so that systemd,
/// `airloom up` and a person can tell a mistake in the settings from a fault that may pass.
public enum ExitCode: Int32, Sendable, CaseIterable {
  case success = 0
  /// The command line is wrong (EX_USAGE).
  case usage = 64
  /// A database or file is damaged, or of a newer version (EX_DATAERR).
  case badData = 65
  /// Something that is needed cannot be had: an address that is taken, a missing program
  /// (EX_UNAVAILABLE).
  case unavailable = 69
  /// A bug, or work that did not end within its time (EX_SOFTWARE).
  case software = 70
  /// The system refused something that should be possible (EX_OSERR).
  case system = 71
  /// The disk is full or fails (EX_IOERR).
  case inputOutput = 74
  /// The same node runs already; trying again later may work (EX_TEMPFAIL).
  case alreadyRunning = 75
  /// This user may not do it (EX_NOPERM).
  case notPermitted = 77
  /// The settings are wrong (EX_CONFIG).
  case configuration = 78

  /// Whether starting the process again can help before a person has done something.
  public var isWorthRetrying: Bool {
    switch self {
    case .success, .software, .system, .inputOutput, .alreadyRunning, .unavailable: true
    case .usage, .badData, .notPermitted, .configuration: false
    }
  }

  /// The code for an error that ended the process.
  public static func of(_ error: any Error) -> ExitCode {
    switch error {
    case let error as ServiceError: error.code
    case is ConfigurationError: .configuration
    case let error as StorageError: of(error)
    case let error as ServerError: of(error)
    case let error as TransportError: of(error)
    case let error as SystemError: of(error)
    default: .software
    }
  }

  private static func of(_ error: StorageError) -> ExitCode {
    switch error.kind {
    case .diskFull, .inputOutput: .inputOutput
    case .notPermitted: .notPermitted
    case .corrupt, .tooNew: .badData
    case .busy: .alreadyRunning
    case .constraint, .misuse: .software
    }
  }

  private static func of(_ error: ServerError) -> ExitCode {
    switch error.kind {
    case .addressInUse: .unavailable
    case .notPermitted: .notPermitted
    case .badAddress: .configuration
    case .system: .system
    }
  }

  private static func of(_ error: TransportError) -> ExitCode {
    switch error.kind {
    case .endpoint, .keys: .configuration
    case .inUse: .alreadyRunning
    case .folder: .notPermitted
    case .system: .system
    case .misuse: .software
    }
  }

  private static func of(_ error: SystemError) -> ExitCode {
    switch error.code {
    // EPERM, EACCES, EROFS; EIO, ENOSPC.
    case 1, 13, 30: .notPermitted
    case 5, 28: .inputOutput
    default: .system
    }
  }
}
