import Base
import Bus
import CShims
import Glibc
import Media
import Messages
import Metrics
import Storage
import Subprocess

/// From the tape to a checked file under a temporary name.
extension Finisher {
  /// A full disk is waited for and not counted as a failed try: the cut and the file are about as
  /// large as the segments.
  func requireSpace(for plan: RecordingPlan) async throws {
    let bytes = try await environment.database.read { transaction in
      try SegmentCatalog.overlapping(
        plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction
      ).reduce(Int64(0)) { $0 + $1.bytes }
    }
    let needed = bytes * 2 + (1 << 20)
    guard let free = FolderListing.freeBytes(at: environment.folder), free < needed else { return }
    throw FinishFailure(
      "there is no room for the file in \(environment.folder): free \((needed - free) >> 20) MiB "
        + "more, it is made as soon as there is room")
  }

  /// A checked file under a temporary name; nil where there was nothing to make it of (then the
  /// recording has failed).
  func make(_ recording: PlannedRecording) async throws -> FinishedFile? {
    let plan = recording.plan
    try Syscall.makeFolders(work)
    let (segments, causes) = try await environment.database.read { transaction in
      (
        try SegmentCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction),
        try GapCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction)
      )
    }
    if segments.contains(where: { $0.media != nil }) {
      return try await makeMedia(recording, segments, causes: causes)
    }
    let cut = try Cutter(root: environment.tapeRoot).cut(
      segments, from: plan.paddedStart, to: plan.paddedEnd, prefix: prefix(plan))
    defer { for part in cut.parts { unlink(part.path) } }
    try reached(.cut)
    let account = WindowAccount(
      start: plan.paddedStart, end: plan.paddedEnd, spans: cut.spans,
      causes: causes + cut.damaged, frame: cut.longestFrame, receivedAt: recording.receivedAt)
    guard !cut.parts.isEmpty else {
      try await fail(recording, Finisher.reason(account.gaps))
      return nil
    }
    let isPlain = recording.attempts >= Finisher.attemptsWithFFmpeg
    let command = FinishCommand(cut.parts, plan: plan, isPlain: isPlain)
    let path = temporary(plan, fileExtension: command.container.fileExtension)
    let duration = try await build(command, cut.parts, path)
    try reached(.checked)
    return try finished(
      recording, path, command.container.fileExtension, command.container.contentType, duration,
      account)
  }

  /// The checked file, safe from a power cut.
  func finished(
    _ recording: PlannedRecording, _ path: String, _ fileExtension: String,
    _ contentType: String, _ duration: Duration, _ account: WindowAccount
  ) throws -> FinishedFile {
    try sync(path)
    let (hash, size) = try SHA256.hash(fileAt: path)
    environment.logs.note(
      recording.plan.job,
      "made \(fileExtension) of \(size) bytes, \(duration.inSeconds) s, "
        + "lost \(account.lost.inSeconds) s")
    return FinishedFile(
      path: path,
      name: RecordingName.candidate(
        recording.plan.fileName, fileExtension: fileExtension, number: 1),
      bytes: size, sha256: hash, contentType: contentType,
      durationUs: duration.microseconds, gaps: account.gaps)
  }

  /// Makes the file and proves that it holds what was cut; returns its decoded length.
  private func build(
    _ command: FinishCommand, _ parts: [Cutter.Part], _ path: String
  ) async throws -> Duration {
    unlink(path)
    let expected = parts.reduce(Duration.zero) {
      $0 + $1.format.duration(ofSamples: $1.digest.samples)
    }
    switch command.method {
    case .raw:
      try join(parts, path)
    case .copy, .encode:
      try await run(command.child(output: path), limit: command.timeLimit)
    }
    try reached(.made)
    switch (command.method, command.container) {
    case (.encode, _):
      let duration = try await decodedDuration(path)
      let difference = duration - expected
      // Encoders add their priming, and decoders may not take all of it away.
      guard difference < .milliseconds(200), difference > .milliseconds(-200) else {
        throw FinishFailure("the encoded file lasts \(duration), not \(expected)")
      }
      return duration
    case (_, .m4a):
      let unpacked = path + ".check.aac"
      defer { unlink(unpacked) }
      try await run(FinishCommand.unpack(path, to: unpacked), limit: command.timeLimit)
      try check(unpacked, parts)
    default: try check(path, parts)
    }
    return expected
  }

  private func check(_ path: String, _ parts: [Cutter.Part]) throws {
    guard parts.count == 1, let part = parts.first else { return }
    let digest = try FrameDigest.ofFile(path)
    guard digest == part.digest else {
      throw FinishFailure(
        "the file holds \(digest.frames) frames that are not the \(part.digest.frames) of the tape")
    }
  }

  private func join(_ parts: [Cutter.Part], _ path: String) throws(SystemError) {
    let descriptor = try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
    defer { close(descriptor) }
    for part in parts {
      let bytes = try DurableFile.read(part.path)
      try bytes.withUnsafeBytes { buffer in
        Result { () throws(SystemError) in
          try Syscall.writeAll(buffer, to: descriptor, path)
        }
      }.get()
    }
  }

  func run(_ command: ChildCommand, limit: Duration) async throws {
    let run = try await ChildProcess.run(command, timeout: limit)
    guard run.exit.isSuccess else {
      throw FinishFailure(
        "\(command.program) \(run.isTimedOut ? "took too long" : run.exit.description): "
          + run.errorText.suffix(500))
    }
  }

  func decodedDuration(_ path: String) async throws -> Duration {
    let run = try await ChildProcess.run(FinishCommand.probe(path), timeout: .seconds(60))
    guard run.exit.isSuccess, let seconds = Double(run.text.filter { !$0.isWhitespace }) else {
      throw FinishFailure("ffprobe could not read the file: \(run.errorText.suffix(300))")
    }
    return .microseconds(Int64(seconds * 1e6))
  }
}
