import Base
import Bus
import Glibc
import Media
import Messages
import Metrics
import Storage
import Subprocess

/// From the tape to a checked file under a temporary name.
extension Finisher {
  /// Where the file is to be. A full disk is waited for and not counted as a failed try.
  func folder(for plan: RecordingPlan) async throws -> String {
    let bytes = try await environment.database.read { transaction in
      try SegmentCatalog.overlapping(
        plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction
      ).reduce(Int64(0)) { $0 + $1.bytes }
    }
    let needed = bytes + Finisher.estimate(plan, bytes) + (2 << 20)
    if let pool = plan.finishing?.pool, !pool.isEmpty {
      if let folders = environment.pools.folders[pool] {
        return try choose(pool, folders, needed)
      }
      environment.logs.note(
        plan.job, "there is no pool '\(pool)' in the settings; the recordings folder is taken")
    }
    guard let free = FolderListing.freeBytes(at: environment.folder), free < needed else {
      return environment.folder
    }
    throw FinishFailure(
      "there is no room for the file in \(environment.folder): free \((needed - free) >> 20) MiB "
        + "more, it is made as soon as there is room")
  }

  private func choose(_ pool: String, _ folders: [String], _ needed: Int64) throws -> String {
    let known = folders.map {
      DestinationPools.Folder(
        path: $0, isMounted: FolderListing.exists($0 + "/" + DestinationPools.marker),
        freeBytes: FolderListing.freeBytes(at: $0))
    }
    switch environment.pools.choose(known, needed: needed, turn: turns[pool, default: 0]) {
    case .folder(let folder):
      turns[pool, default: 0] += 1
      return folder
    case .none(let reason): throw FinishFailure(reason)
    }
  }

  /// About how large the file will be.
  private static func estimate(_ plan: RecordingPlan, _ bytes: Int64) -> Int64 {
    let seconds = Int64((plan.paddedEnd - plan.paddedStart).inSeconds) + 1
    // 48 kHz in stereo, of which FLAC takes about two thirds.
    if plan.format == .flac { return seconds * 130_000 }
    return max(bytes, seconds * Int64(plan.finishing?.bitsPerSecond ?? 0) / 8)
  }

  /// A checked file under a temporary name; nil where there was nothing to make it of (then the
  /// recording has failed).
  func make(_ recording: PlannedRecording, _ files: WorkFiles) async throws -> MadeFile? {
    let plan = recording.plan
    try Syscall.makeFolders(files.work)
    let (segments, causes) = try await environment.database.read { transaction in
      (
        try SegmentCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction),
        try GapCatalog.overlapping(
          plan.stream, from: plan.paddedStart, to: plan.paddedEnd, transaction)
      )
    }
    defer { for path in [files.chapters, files.cover, files.list] { unlink(path) } }
    if segments.contains(where: { $0.media != nil }) {
      return try await makeMedia(recording, segments, causes: causes, files)
    }
    let cut = try Cutter(root: environment.tapeRoot).cut(
      segments, from: plan.paddedStart, to: plan.paddedEnd, prefix: files.prefix)
    defer { for part in cut.parts { unlink(part.path) } }
    try reached(.cut)
    let account = WindowAccount(
      start: plan.paddedStart, end: plan.paddedEnd, spans: cut.spans,
      causes: causes + cut.damaged, frame: cut.longestFrame, receivedAt: recording.receivedAt)
    guard !cut.parts.isEmpty else {
      try await fail(recording, Finisher.reason(account.gaps))
      return nil
    }
    let command = FinishCommand(
      cut.parts, plan: plan, isPlain: recording.attempts >= Finisher.attemptsWithFFmpeg)
    let asRun = try await asRun(
      plan, TapeClock(cut.spans, from: plan.paddedStart, to: plan.paddedEnd))
    let path = files.made(command.form.fileExtension)
    unlink(path)
    var levelling: Levelling?
    if command.isRaw {
      try join(cut.parts, path)
    } else {
      levelling = try await self.levelling(
        plan, command.form, command.measuring, limit: command.timeLimit)
      let child = command.child(
        output: path, tags: try await tags(plan, command.form, asRun, files), levelling: levelling)
      try await run(child, limit: command.timeLimit)
    }
    try reached(.made)
    let duration = try await prove(path, command, cut.parts, files)
    let checked = try await examine(
      path, command.form, duration, of: recording, hasSound: true, files)
    try reached(.checked)
    return try finished(
      recording, path, command.form, duration, account, asRun, checked,
      isLevelled: levelling != nil, files)
  }

  /// The checked file, safe from a power cut.
  func finished(
    _ recording: PlannedRecording, _ path: String, _ form: FileForm, _ duration: Duration,
    _ account: WindowAccount, _ asRun: AsRunLog, _ checked: Checked, isLevelled: Bool,
    _ files: WorkFiles
  ) throws -> MadeFile {
    try sync(path)
    let (hash, size) = try SHA256.hash(fileAt: path)
    environment.logs.note(
      recording.plan.job,
      "made \(form.fileExtension) of \(size) bytes, \(duration.inSeconds) s, "
        + "lost \(account.lost.inSeconds) s")
    for gap in account.gaps {
      environment.logs.note(
        recording.plan.job,
        "not on the tape: \(gap.start) to \(gap.end), \(gap.cause.rawValue): \(gap.detail)")
    }
    return MadeFile(
      file: FinishedFile(
        path: path,
        name: RecordingName.candidate(
          recording.plan.fileName, fileExtension: form.fileExtension, number: 1),
        bytes: size, sha256: hash, contentType: form.contentType,
        durationUs: duration.microseconds, gaps: account.gaps,
        loudness: checked.loudness?.loudness(isNormalised: isLevelled)),
      files: files, fileExtension: form.fileExtension, asRun: asRun, pictures: checked.pictures)
  }

  /// Proves that the file holds what was cut; returns how long it lasts.
  private func prove(
    _ path: String, _ command: FinishCommand, _ parts: [Cutter.Part], _ files: WorkFiles
  ) async throws -> Duration {
    let expected = command.duration
    guard command.form.encoder == nil else {
      let duration = try await decodedDuration(path)
      let difference = duration - expected
      // Encoders add their priming, and decoders may not take all of it away.
      guard difference < .milliseconds(200), difference > .milliseconds(-200) else {
        throw FinishFailure("the encoded file lasts \(duration), not \(expected)")
      }
      return duration
    }
    guard parts.count == 1, let part = parts.first else { return expected }
    let unpacked = files.prefix + ".check"
    defer { unlink(unpacked) }
    if let unpack = FinishCommand.unpack(
      path, command.form, part.format.codec, to: unpacked)
    {
      try await run(unpack, limit: command.timeLimit)
      try check(unpacked, part)
    } else {
      try check(path, part)
    }
    return expected
  }

  private func check(_ path: String, _ part: Cutter.Part) throws {
    let digest = try FrameDigest.ofFile(path)
    let isSame =
      part.format.codec.isOgg ? digest.isSameContent(as: part.digest) : digest == part.digest
    guard isSame else {
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

  @discardableResult
  func run(
    _ command: ChildCommand, input: [UInt8]? = nil, limit: Duration
  ) async throws -> ChildRun {
    let run = try await ChildProcess.run(command, input: input, timeout: limit)
    guard run.exit.isSuccess else {
      throw FinishFailure(
        "\(command.program) \(run.isTimedOut ? "took too long" : run.exit.description): "
          + run.errorText.suffix(500))
    }
    return run
  }

  func decodedDuration(_ path: String) async throws -> Duration {
    let run = try await ChildProcess.run(FinishCommand.probe(path), timeout: .seconds(60))
    guard run.exit.isSuccess, let seconds = Double(run.text.filter { !$0.isWhitespace }) else {
      throw FinishFailure("ffprobe could not read the file: \(run.errorText.suffix(300))")
    }
    return .microseconds(Int64(seconds * 1e6))
  }
}
