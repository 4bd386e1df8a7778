public import Base

/// The folder that holds everything of one installation, and the names in it.
///
/// ```
/// airloom.toml                      the settings
/// data/<node>.sqlite                one database per process
/// bus/<node>.inbox, .outbox         the bus's sockets
/// run/<node>.lock, .sock, .port     single instance, control socket, TCP port in use
/// run/ingest-<node>.sock            where a recorder's ingest is spoken to; ~2 … beside another's
/// media/                            tapes, recordings, podcasts and more, unless [media] folder says otherwise
/// logs/                             a log of each recording, conversion and delivery
/// keys/                             SSH and CURVE keys, the token for reading tapes
/// first-password                    of the first administrator, until it is changed
/// ```
///
/// `bus`, `run`, `keys` and `first-password` can lie in another folder, the state folder: in a
/// container only what is on a volume outlives it, and `data` is one.
public struct Home: Hashable, Sendable {
  public let path: String
  /// Holds `bus`, `run`, `keys` and `first-password`; the home folder itself where nobody says
  /// otherwise.
  public let state: String

  public init(_ path: String, state: String? = nil) {
    self.path = Home.trimmed(path)
    self.state = Home.trimmed(state ?? path)
  }

  /// `folder` where it is given, else AIRLOOM_HOME; else ~/airloom, or /var/lib/airloom for a user
  /// without a home. AIRLOOM_STATE is the state folder of whichever it is.
  public static func standard(_ folder: String? = nil, environment: [String: String]) -> Home {
    func value(_ name: String) -> String? { environment[name].flatMap { $0.isEmpty ? nil : $0 } }
    let path =
      folder ?? value("AIRLOOM_HOME") ?? value("HOME").map { "\($0)/airloom" } ?? "/var/lib/airloom"
    return Home(path, state: value("AIRLOOM_STATE"))
  }

  private static func trimmed(_ path: String) -> String {
    var path = path
    while path.count > 1 && path.hasSuffix("/") { path.removeLast() }
    return path
  }

  public var settings: String { "\(path)/airloom.toml" }
  public var keys: String { "\(state)/keys" }
  /// What whoever reads tapes over HTTP must show.
  public var tapeToken: String { "\(keys)/tape.token" }
  public var firstPassword: String { "\(state)/first-password" }
  public var data: String { "\(path)/data" }
  public var bus: String { "\(state)/bus" }
  public var run: String { "\(state)/run" }
  public var recordingLogs: String { "\(path)/logs/recordings" }
  public var conversionLogs: String { "\(path)/logs/conversions" }
  public var deliveryLogs: String { "\(path)/logs/deliveries" }

  public func database(of node: NodeID) -> String { "\(data)/\(node).sqlite" }
  public func lock(of node: NodeID) -> String { "\(run)/\(node).lock" }
  public func controlSocket(of node: NodeID) -> String { "\(run)/\(node).sock" }
  public func portFile(of node: NodeID) -> String { "\(run)/\(node).port" }

  /// Of a recorder's ingest; several are numbered, while one takes over from another.
  public func ingestSocket(of node: NodeID, number: Int = 1) -> String {
    "\(run)/ingest-\(node)\(number == 1 ? "" : "~\(number)").sock"
  }

  public func media(_ settings: Settings) -> String {
    settings.media.folder.isEmpty ? "\(path)/media" : Home(settings.media.folder).path
  }

  /// The first recorder's; further ones that share this home folder have theirs beside it.
  public func tape(_ settings: Settings) -> String { "\(media(settings))/tape" }
  public func recordings(_ settings: Settings) -> String { "\(media(settings))/recordings" }

  /// Pictures for recordings: `<sha256>.jpg` and `.png`.
  public func artwork(_ settings: Settings) -> String { "\(media(settings))/artwork" }

  public func converted(_ settings: Settings) -> String {
    settings.converter.output.isEmpty
      ? "\(media(settings))/converted" : Home(settings.converter.output).path
  }

  /// The podcast archive: a folder for each feed.
  public func podcasts(_ settings: Settings) -> String {
    settings.feeder.folder.isEmpty
      ? "\(media(settings))/podcasts" : Home(settings.feeder.folder).path
  }

  /// Makes the folders that are missing. Blocks for the disk.
  public func makeFolders() throws(SystemError) {
    for folder in [data, bus, run, recordingLogs, conversionLogs, deliveryLogs] {
      try Syscall.makeFolders(folder, mode: 0o750)
    }
    try Syscall.makeFolders(keys, mode: 0o700)
  }

  /// Why the path cannot be a home; nil when it can. A unix socket's path has room for 107 bytes
  /// (unix(7)), and the longest name in the home is a socket's.
  public var objection: String? {
    guard path.hasPrefix("/") else {
      return "the home folder \(path) must be an absolute path"
    }
    guard state.hasPrefix("/") else {
      return "the state folder \(state) (AIRLOOM_STATE) must be an absolute path"
    }
    let room = 107 - "/bus/.outbox".utf8.count - 24
    guard state.utf8.count <= room else {
      let name = state == path ? "home" : "state"
      return "the \(name) folder's path is \(state.utf8.count) bytes long, but a unix socket in it "
        + "leaves room for \(room): choose a shorter one, or a symbolic link to it"
    }
    return nil
  }
}
