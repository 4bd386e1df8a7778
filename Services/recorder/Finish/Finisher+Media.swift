import Base
import Bus
import Glibc
import Media
import Messages
import Storage
import Subprocess

/// From an HLS stream's tape to a checked file under a temporary name.
extension Finisher {
  /// How far back a key frame is looked for.
  static let farthestKeyFrame = Duration.seconds(60)

  /// As `make`, for segments of an HLS stream. Frames of another source in the same window are not
  /// part of the file; they stay on the tape and count as missing.
  func makeMedia(
    _ recording: PlannedRecording, _ segments: [Segment], causes: [Gap], _ files: WorkFiles
  ) async throws -> MadeFile? {
    let plan = recording.plan
    var cut = try MediaCutter(root: environment.tapeRoot).cut(
      try await beginningWithKeyFrame(segments.filter { $0.media != nil }), prefix: files.prefix)
    var runs = cut.runs
    defer { for run in runs { unlink(run.path) } }
    let sound = try await joinSound(&cut.runs, plan, prefix: files.prefix)
    runs += cut.runs
    try reached(.cut)
    let others = segments.filter { $0.media == nil }.map {
      Gap(
        start: $0.start, end: $0.end, cause: .sourceGarbled,
        detail: "The stream was of another kind here; it is on the tape and not in this file.")
    }
    let account = WindowAccount(
      start: plan.paddedStart, end: plan.paddedEnd, spans: cut.spans,
      causes: causes + others + cut.damaged, frame: HLSLabels.seam,
      receivedAt: recording.receivedAt
    ).with(sound)
    guard !cut.runs.isEmpty else {
      try await fail(recording, Finisher.reason(account.gaps))
      return nil
    }
    let command = MediaCommand(
      cut.runs, plan: plan, isPlain: recording.attempts >= Finisher.attemptsWithFFmpeg)
    tellBeginning(command, plan)
    let asRun = try await asRun(
      plan, from: min(command.start, plan.paddedStart),
      TapeClock(cut.spans, from: command.start, to: plan.paddedEnd))
    let path = files.made(command.form.fileExtension)
    defer { for preparation in command.preparations { unlink(preparation.output) } }
    unlink(path)
    guard !command.isRaw else {
      try joinRaw(cut.runs, path)
      try reached(.made)
      try reached(.checked)
      return try finished(
        recording, path, command.form, command.expected, account, asRun, Checked(),
        isLevelled: false, files)
    }
    for preparation in command.preparations {
      try await run(preparation.command, limit: command.timeLimit)
    }
    if let list = command.list { try DurableFile.write(Array(list.utf8), to: files.list) }
    let levelling = try await self.levelling(
      plan, command.form, command.measuring(listPath: files.list), limit: command.timeLimit)
    let child = command.child(
      output: path, listPath: files.list,
      tags: try await tags(plan, command.form, asRun, files), levelling: levelling)
    try await run(child, limit: command.timeLimit)
    try reached(.made)
    let duration = try await check(path, command)
    let checked = try await examine(
      path, command.form, duration, of: recording, hasSound: command.hasSound, files)
    try reached(.checked)
    return try finished(
      recording, path, command.form, duration, account, asRun, checked,
      isLevelled: levelling != nil, files)
  }

  /// With the segments before the window that its first one cannot be shown without.
  private func beginningWithKeyFrame(_ segments: [Segment]) async throws -> [Segment] {
    guard let first = segments.first, let media = first.media, media.height != nil,
      !media.isIndependent
    else { return segments }
    let before = try await environment.database.read {
      try SegmentCatalog.overlapping(
        first.stream, from: first.start - Finisher.farthestKeyFrame, to: first.start, $0)
    }
    var needed: [Segment] = []
    for segment in before.reversed() where segment.sequence < first.sequence {
      guard let media = segment.media,
        segment.sequence + 1 == (needed.last ?? first).sequence
      else { break }
      needed.append(segment)
      if media.isIndependent { return needed.reversed() + segments }
    }
    return segments
  }

  private func tellBeginning(_ command: MediaCommand, _ plan: RecordingPlan) {
    let early = plan.paddedStart - command.start
    guard command.form.hasPicture, early > .zero else { return }
    environment.logs.note(
      plan.job,
      "the file begins \(early.inSeconds) s before its window, with the key frame at \(command.start)"
    )
  }

  /// It lasts as long as it should; where it is not decoded as a whole, its beginning and its end
  /// can be.
  private func check(_ path: String, _ command: MediaCommand) async throws -> Duration {
    let duration = try await decodedDuration(path)
    let difference = duration - command.expected
    // Containers count to the end of the longest track, playlists in rounded durations.
    let tolerance = Duration.milliseconds(700) + command.expected / 50
    guard difference <= tolerance, difference >= .zero - tolerance else {
      throw FinishFailure("the file lasts \(duration), not \(command.expected)")
    }
    guard !environment.options.decodesAll else { return duration }
    for start in Set([.zero, max(.zero, duration - .seconds(5))]) {
      let run = try await ChildProcess.run(
        MediaCommand.decode(path, from: start), timeout: .seconds(120))
      let counts = run.text.split(whereSeparator: \.isNewline).map { Int($0) ?? 0 }
      guard run.exit.isSuccess, !counts.isEmpty, counts.allSatisfy({ $0 > 0 }) else {
        throw FinishFailure(
          "the file cannot be decoded at \(start): \(run.errorText.suffix(300))")
      }
    }
    return duration
  }

  /// The runs' bytes; of several with the same initialisation section the first one's alone.
  private func joinRaw(_ runs: [MediaCutter.Run], _ path: String) throws {
    let descriptor = try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
    defer { close(descriptor) }
    for (index, run) in runs.enumerated() {
      let bytes = try DurableFile.read(run.path)
      let isRepeated = index > 0 && run.initialisation == runs[index - 1].initialisation
      try bytes.withUnsafeBytes { buffer in
        Result { () throws(SystemError) in
          try Syscall.writeAll(
            UnsafeRawBufferPointer(rebasing: buffer[(isRepeated ? run.prefixBytes : 0)...]),
            to: descriptor, path)
        }
      }.get()
    }
  }
}
