internal import Subprocess
internal import Synchronization

/// FFmpeg as a station with picture and sound: a test card in real time, key frames every second,
/// sent to whoever asks (`listen`) or to an address.
public final class MovingPicture: Sendable {
  public let port: UInt16
  private let command: ChildCommand
  private let child: Mutex<ChildProcess>

  private init(_ child: ChildProcess, _ command: ChildCommand, port: UInt16) {
    self.child = Mutex(child)
    self.command = command
    self.port = port
  }

  public enum Kind: Sendable, CaseIterable {
    /// A server for one listener each.
    case rtmp, srt
    /// Datagrams, whether anybody listens or not.
    case udp, multicast
    /// The same within RTP.
    case rtp, rtpMulticast
  }

  /// The station's own address; `srt` asks for a passphrase.
  public static func address(_ kind: Kind, port: UInt16) -> String {
    switch kind {
    case .rtmp: "rtmp://127.0.0.1:\(port)/live/show"
    case .srt: "srt://127.0.0.1:\(port)?mode=listener&passphrase=correcthorse"
    case .udp: "udp://127.0.0.1:\(port)?pkt_size=1316"
    case .multicast: "udp://239.255.77.1:\(port)?pkt_size=1316&localaddr=127.0.0.1&ttl=0"
    case .rtp: "rtp://127.0.0.1:\(port)"
    case .rtpMulticast: "rtp://239.255.77.2:\(port)?localaddr=127.0.0.1&ttl=0"
    }
  }

  public static let picture = [
    "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=25", "-f", "lavfi", "-i",
    "sine=frequency=440:sample_rate=48000", "-c:v", "libx264", "-preset", "ultrafast", "-g", "25",
    "-pix_fmt", "yuv420p", "-c:a", "aac",
  ]

  /// Returns at once: a listening FFmpeg does not say that it listens, and takes its one guest when he
  /// comes. After he left `keepOn` starts it again.
  public static func start(
    _ kind: Kind, media: [String] = picture, port: UInt16? = nil
  ) async throws -> MovingPicture {
    let port = try port ?? LoopbackPort.free()
    let target: [String] =
      switch kind {
      case .rtmp: ["-f", "flv", "-listen", "1", address(kind, port: port)]
      case .rtp, .rtpMulticast: ["-f", "rtp_mpegts", address(kind, port: port)]
      default: ["-f", "mpegts", address(kind, port: port)]
      }
    var command = ChildCommand(
      try requires(.ffmpeg), ["-nostdin", "-loglevel", "error", "-re"] + media + target)
    command.errors = .tail(limit: 16 << 10)
    return MovingPicture(try await ChildProcess.start(command), command, port: port)
  }

  /// A file of that many seconds; the name's extension says which format.
  public static func makeFile(_ path: String, seconds: Int, extra: [String] = []) async throws {
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.ffmpeg),
        ["-nostdin", "-loglevel", "error", "-y"] + picture + ["-t", "\(seconds)"] + extra + [path]),
      timeout: .seconds(120))
    guard run.exit.isSuccess else { throw TestFailure("ffmpeg \(run.exit): \(run.errorText)") }
  }

  /// A station for one guest ends with him.
  public func keepOn() async throws {
    guard child.withLock({ $0.ending }) != nil else { return }
    let next = try await ChildProcess.start(command)
    child.withLock { $0 = next }
  }

  /// False once its guest has come and gone.
  public var isRunning: Bool { child.withLock { $0.ending } == nil }

  public func stop() async { await child.withLock { $0 }.stop(.kill) }
}
