internal import Subprocess
internal import Synchronization

/// PulseAudio without a device, and a tone that plays on it: `studio.monitor` is what a sound card's
/// input would be, for PulseAudio's clients and, by its plugin, for ALSA's (`studio`).
public final class SoundServer: Sendable {
  /// What its clients must have in their environment.
  public let environment: [String: String]
  private let server: ChildProcess
  private let tone: ChildProcess
  private let files: TemporaryFolder

  private init(
    _ server: ChildProcess, _ tone: ChildProcess, _ environment: [String: String],
    _ files: TemporaryFolder
  ) {
    self.server = server
    self.tone = tone
    self.environment = environment
    self.files = files
  }

  /// Returns when the tone plays.
  public static func start() async throws -> SoundServer {
    let files = try TemporaryFolder()
    let socket = files("native")
    let script = try files.file(
      "default.pa",
      """
      load-module module-null-sink sink_name=studio rate=48000 channels=2
      load-module module-native-protocol-unix socket=\(socket) auth-anonymous=1

      """)
    let alsa = try files.file(
      "asound.conf",
      "pcm.studio { type pulse server \"unix:\(socket)\" device \"studio.monitor\" }\n")
    var command = PeerProcess.tailed(
      ChildCommand(
        try requires(.pulseaudio),
        [
          "-n", "-F", script, "--daemonize=no", "--exit-idle-time=-1", "--use-pid-file=no",
          "--disable-shm=yes",
        ]))
    // It keeps things in both.
    command.environment = ["HOME": files.path, "XDG_RUNTIME_DIR": files.path]
    let server = try await ChildProcess.start(command)
    let environment = [
      "PULSE_SERVER": "unix:\(socket)", "ALSA_CONFIG_PATH": alsa, "HOME": files.path,
      "XDG_RUNTIME_DIR": files.path,
    ]
    try await eventually("PulseAudio listens", within: .seconds(60)) {
      if let exit = server.ending { throw TestFailure("pulseaudio \(exit): \(server.errorText)") }
      return Tool.isThere(socket)
    }
    return SoundServer(server, try await play(environment), environment, files)
  }

  private static func play(_ environment: [String: String]) async throws -> ChildProcess {
    var command = PeerProcess.tailed(
      ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-loglevel", "error", "-stats", "-stats_period", "0.2", "-re", "-f", "lavfi",
          "-i", "sine=frequency=440:sample_rate=48000", "-ac", "2", "-f", "pulse", "-device",
          "studio", "tone",
        ]))
    command.environment = environment
    let tone = try await ChildProcess.start(command)
    try await eventually("the tone plays", within: .seconds(60)) {
      if let exit = tone.ending { throw TestFailure("ffmpeg \(exit): \(tone.errorText)") }
      return tone.errorText.contains("time=00:00:01")
    }
    return tone
  }

  public func stop() async {
    await tone.stop(.kill)
    await server.stop(.kill)
  }
}
