internal import Base
internal import HTTPServer
internal import Subprocess

/// FFmpeg as a DASH station: a test picture and a tone, each in segments of its own, in real time. The
/// manifest lists the newest segments; the files of all stay, so that a test can compare.
public final class DASHStation: Sendable {
  public enum Naming: String, Sendable, CaseIterable {
    /// Each segment's time is listed.
    case timeline
    /// Segments are named by the clock.
    case numbers
  }

  private let folder: String
  private let files: TemporaryFolder
  private let outlet: HLSOutlet
  private let child: ChildProcess

  private init(folder: String, files: TemporaryFolder, outlet: HLSOutlet, child: ChildProcess) {
    self.folder = folder
    self.files = files
    self.outlet = outlet
    self.child = child
  }

  /// Returns when two segments are there. `listed`: how many the manifest holds at most.
  public static func start(_ naming: Naming, listed: Int = 10) async throws -> DASHStation {
    let files = try TemporaryFolder()
    let folder = try files.folder("live")
    var command = ChildCommand(
      try requires(.ffmpeg),
      ["-nostdin", "-loglevel", "error", "-re"] + MovingPicture.picture + [
        "-f", "dash", "-seg_duration", "1", "-window_size", "\(listed)", "-extra_window_size",
        "100000", "-use_timeline", naming == .timeline ? "1" : "0", "\(folder)/live.mpd",
      ])
    command.errors = .tail(limit: 16 << 10)
    let child = try await ChildProcess.start(command)
    let outlet = try HLSOutlet { request in
      let name = request.path.split(separator: "/").last.map(String.init) ?? ""
      guard !name.hasPrefix("."), !name.contains("%") else { return Problem.notFound.response }
      return .file(
        folder + "/" + name,
        contentType: name.hasSuffix(".mpd") ? "application/dash+xml" : "video/iso.segment")
    }
    let station = DASHStation(folder: folder, files: files, outlet: outlet, child: child)
    try await eventually("the station has segments", within: .seconds(60)) {
      if let exit = child.ending { throw TestFailure("ffmpeg \(exit): \(child.errorText)") }
      return (try? station.segment(ofSound: true, number: 3)) != nil
    }
    return station
  }

  public var url: String { outlet.url("live.mpd") }

  public func segment(ofSound isSound: Bool, number: Int) throws -> [UInt8] {
    let name = "chunk-stream\(isSound ? 1 : 0)-\(padded(number, 5)).m4s"
    return try DurableFile.read("\(folder)/\(name)")
  }

  public func section(ofSound isSound: Bool) throws -> [UInt8] {
    try DurableFile.read("\(folder)/init-stream\(isSound ? 1 : 0).m4s")
  }

  /// Connections are refused; the programme goes on.
  public func goAway() async { await outlet.goAway() }
  public func comeBack() throws { try outlet.comeBack() }

  /// Ends the programme without a word; the server stays.
  public func stop() async { await child.stop(.kill) }
}
