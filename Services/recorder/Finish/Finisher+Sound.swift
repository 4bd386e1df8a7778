import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess

/// The sound that a station offered apart: from its own tape into the file of the picture.
extension Finisher {
  /// Replaces each piece with a picture by one that has its sound too. What a kill leaves lies in the
  /// work folder and is removed at the next start.
  ///
  /// - Returns: what is missing of the sound in the window, for the recording's account.
  func joinSound(
    _ runs: inout [MediaCutter.Run], _ plan: RecordingPlan, prefix: String
  ) async throws -> [Gap] {
    // The picture may begin before the window.
    let start = min(plan.paddedStart, runs.first?.start ?? plan.paddedStart)
    let (segments, causes) = try await environment.database.read { transaction in
      (
        try SegmentCatalog.overlapping(
          plan.stream.sound, from: start, to: plan.paddedEnd, transaction),
        try GapCatalog.overlapping(
          plan.stream.sound, from: plan.paddedStart, to: plan.paddedEnd, transaction)
      )
    }
    guard !segments.isEmpty || !causes.isEmpty else { return [] }
    let cut = try MediaCutter(root: environment.tapeRoot).cut(
      segments.filter { $0.media != nil }, prefix: prefix + ".sound")
    defer { for run in cut.runs { unlink(run.path) } }
    for index in runs.indices {
      guard let joiner = SoundJoiner(runs[index], sounds: cut.runs) else { continue }
      let preparations = joiner.preparations
      defer {
        for preparation in preparations { unlink(preparation.output) }
        unlink(joiner.soundPath)
      }
      for preparation in preparations { try await run(preparation.command, limit: .seconds(600)) }
      if !preparations.isEmpty {
        try layTogether(preparations.map(\.output), joiner.soundPath)
      }
      try await run(joiner.command, limit: .seconds(1800))
      runs[index] = joiner.joined
    }
    let account = WindowAccount(
      start: plan.paddedStart, end: plan.paddedEnd, spans: cut.spans, causes: causes + cut.damaged,
      // Without dates in the playlists the two tapes' labels may differ by that much at the edges.
      frame: .seconds(1), receivedAt: plan.paddedStart)
    return account.gaps.map { gap in
      var gap = gap
      gap.detail = "The sound, which the station offers apart, is missing: \(gap.detail)"
      return gap
    }
  }

  private func layTogether(_ parts: [String], _ path: String) throws(SystemError) {
    unlink(path)
    let descriptor = try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
    defer { close(descriptor) }
    for part in parts {
      let bytes = try DurableFile.read(part)
      try bytes.withUnsafeBytes { buffer in
        Result { () throws(SystemError) in try Syscall.writeAll(buffer, to: descriptor, path) }
      }.get()
    }
  }
}

extension WindowAccount {
  /// With what is missing of the sound alone: where the picture is missing too it is told once.
  func with(_ sound: [Gap]) -> WindowAccount {
    var account = self
    for gap in sound where !gaps.contains(where: { $0.start < gap.end && $0.end > gap.start }) {
      account.add(gap)
    }
    return account
  }
}
