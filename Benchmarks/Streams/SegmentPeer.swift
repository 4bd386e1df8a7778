internal import Base
internal import Subprocess
internal import TestSupport

/// What people run today: one FFmpeg for each stream, which copies it into segments.
final class SegmentPeer {
  let group: ProcessGroup
  private static let batch = 20
  private let children: [ChildProcess]

  private init(_ children: [ChildProcess]) {
    self.children = children
    group = ProcessGroup(children.map(\.pid))
  }

  static func start(
    _ count: Int, url: String, ending: String, seconds: Int, in folder: String
  ) async throws -> SegmentPeer {
    var children: [ChildProcess] = []
    for number in 1...count {
      let path = "\(folder)/\(number)"
      try Syscall.makeFolders(path)
      var command = ChildCommand(
        try requires(.ffmpeg),
        [
          "-nostdin", "-loglevel", "error", "-i", url, "-c", "copy", "-f", "segment",
          // FFmpeg picks the tracks by the ending.
          "-segment_time", "\(seconds)", "\(path)/%06d.\(ending)",
        ])
      command.errors = .tail(limit: 1 << 10)
      children.append(try await ChildProcess.start(command))
      // Not all at the door at once: a server takes so many new listeners at a time.
      if number % batch == 0 || number == count {
        try await eventually("\(number) ffmpeg write", within: .seconds(120)) {
          (1...number).allSatisfy { !TemporaryFolder.names(in: "\(folder)/\($0)").isEmpty }
        }
      }
    }
    return SegmentPeer(children)
  }

  /// What those that ended had to say.
  var report: String {
    children.filter { $0.ending != nil }.map(\.errorText).joined(separator: "; ")
  }

  func stop() async {
    for child in children { await child.stop(.kill) }
  }
}
