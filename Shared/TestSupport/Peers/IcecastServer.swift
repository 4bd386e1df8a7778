public import Subprocess

/// An Icecast 2.4 on the loopback interface, with one source password for all mounts.
public final class IcecastServer: Sendable {
  public let port: UInt16
  /// For `source` and `admin`.
  public let password = "hackme"
  private let folder: TemporaryFolder
  private let process: PeerProcess

  private init(_ process: PeerProcess, port: UInt16, folder: TemporaryFolder) {
    self.process = process
    self.port = port
    self.folder = folder
  }

  /// `burstBytes` is what a new listener gets at once (Icecast's default is 65,536); a given `port`
  /// lets a test start the same server again. `fallbacks`: the mount whose listeners are moved to
  /// which other one while it has no source.
  public static func start(
    burstBytes: Int = 65_536, queueBytes: Int = 524_288, clients: Int = 200, port: UInt16? = nil,
    fallbacks: [String: String] = [:]
  ) async throws -> IcecastServer {
    let program = try requires(.icecast)
    let port = try port ?? LoopbackPort.free()
    let folder = try TemporaryFolder()
    let configuration = try folder.file(
      "icecast.xml",
      text(
        port: port, burst: burstBytes, queue: queueBytes, clients: clients,
        mounts: mounts(fallbacks)))
    let command = try PeerProcess.unprivileged(program, ["-c", configuration])
    // Icecast 2.4.4 dies of a null pointer when its first client comes before its statistics thread
    // has begun (12 of 260 starts on a busy machine; `strdup(NULL)`): the count of connections does
    // not exist yet. So nobody connects before each of its threads has gone to sleep once.
    let process = try await PeerProcess.start(
      command, listeningOn: port, after: { ThreadStates.haveSlept(of: $0, atLeast: 4) })
    return IcecastServer(process, port: port, folder: folder)
  }

  /// Where listeners connect.
  public func url(_ mount: String) -> String { "http://127.0.0.1:\(port)/\(mount)" }

  /// Where FFmpeg's `icecast` protocol sends to.
  public func sourceURL(_ mount: String) -> String {
    "icecast://source:\(password)@127.0.0.1:\(port)/\(mount)"
  }

  /// For signals (SIGSTOP) and the process id.
  public var child: ChildProcess { process.child }

  /// Ends the server at once, as a crash does.
  public func kill() async { await process.child.stop(.kill) }

  private static func mounts(_ fallbacks: [String: String]) -> String {
    fallbacks.map { mount, fallback in
      "<mount><mount-name>/\(mount)</mount-name><fallback-mount>/\(fallback)</fallback-mount>"
        + "<fallback-override>1</fallback-override></mount>"
    }.joined()
  }

  private static func text(
    port: UInt16, burst: Int, queue: Int, clients: Int, mounts: String
  ) -> String {
    """
    <icecast>
      <hostname>127.0.0.1</hostname>
      <limits>
        <clients>\(clients)</clients>
        <sources>50</sources>
        <queue-size>\(queue)</queue-size>
        <source-timeout>10</source-timeout>
        <burst-size>\(burst)</burst-size>
      </limits>
      <authentication>
        <source-password>hackme</source-password>
        <relay-password>hackme</relay-password>
        <admin-user>admin</admin-user>
        <admin-password>hackme</admin-password>
      </authentication>
      <listen-socket>
        <port>\(port)</port>
        <bind-address>127.0.0.1</bind-address>
      </listen-socket>
      \(mounts)
      <paths>
        <logdir>/tmp</logdir>
        <webroot>/usr/share/icecast2/web</webroot>
        <adminroot>/usr/share/icecast2/admin</adminroot>
      </paths>
      <logging>
        <accesslog>-</accesslog>
        <errorlog>-</errorlog>
        <loglevel>3</loglevel>
      </logging>
      <security><chroot>0</chroot></security>
    </icecast>
    """
  }
}
