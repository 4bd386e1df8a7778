import Base
import Configuration
import Glibc
import Messages
import Subprocess

/// Where the ingests of one recorder are, and how another one is started.
struct IngestPlace: Sendable {
  let home: Home
  let node: NodeID
  /// The recorder's own program.
  let program: String
  /// Which that is; see `IngestBuild`.
  let build: String
  /// As it was given to the recorder; nil: where it always is.
  var settings: String?

  /// Of this process. Also where its file was replaced meanwhile, it is the program that runs that the
  /// ingest is made of, never the new one.
  init(home: Home, node: NodeID, settings: String?) {
    var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = max(0, readlink("/proc/self/exe", &buffer, buffer.count))
    let path = String(decoding: buffer.prefix(count).map(UInt8.init(bitPattern:)), as: UTF8.self)
    let isThere = IngestBuild.of(program: path) == IngestBuild.current
    self.init(
      home: home, node: node, program: isThere ? path : "/proc/self/exe",
      build: IngestBuild.current, settings: settings)
  }

  init(home: Home, node: NodeID, program: String, build: String, settings: String? = nil) {
    self.home = home
    self.node = node
    self.program = program
    self.build = build
    self.settings = settings
  }

  /// The sockets that there are, whether or not anybody answers.
  var sockets: [String] {
    let prefix = "ingest-\(node)"
    return FolderListing.names(in: home.run).filter { name in
      guard name.hasPrefix(prefix), name.hasSuffix(".sock") else { return false }
      let number = name.dropFirst(prefix.count).dropLast(".sock".count)
      return number.isEmpty || number.first == "~" && Int(number.dropFirst()) != nil
    }.map { "\(home.run)/\($0)" }
  }

  /// Returns the socket of the new ingest, which listens.
  ///
  /// - Throws: `SourceFailure`-like sentence as `IngestFault`.
  func start() async throws(IngestFault) -> String {
    let taken = Set(sockets)
    let socket = (1...99).lazy.map { home.ingestSocket(of: node, number: $0) }
      .first { !taken.contains($0) }
    guard let socket else { throw IngestFault("there are too many already in \(home.run)") }
    var command = ChildCommand(
      program,
      ["ingest", "--home", home.path, "--node", node.text, "--socket", socket]
        + (settings.map { ["--config", $0] } ?? []))
    command.deathSignal = nil
    command.environment["AIRLOOM_STATE"] = home.state
    let run: ChildRun
    do {
      run = try await ChildProcess.run(command, timeout: .seconds(20))
    } catch {
      throw IngestFault("\(error)")
    }
    guard run.exit.isSuccess else {
      let said = run.errorText.split(separator: "\n").last.map(String.init) ?? "it said nothing"
      throw IngestFault("it \(run.exit): \(said)")
    }
    return socket
  }
}

/// Why there is no ingest, in words.
struct IngestFault: Error, Hashable, CustomStringConvertible {
  let description: String

  init(_ description: String) { self.description = description }
}
