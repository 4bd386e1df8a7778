internal import Base
internal import Configuration
internal import Glibc
internal import Messages
internal import Subprocess

/// Converts one drop after another: checks it once more, has FFmpeg make the output, proves it, and
/// reads the captions. Everything is under temporary names in the output folder; the drop is only read.
///
/// On a thread of its own, because hashing and syncing block.
actor ConversionWorker {
  struct Settings: Sendable {
    let output: String
    let preset: Configuration.Settings.Converter.Preset
    let crf: Int
    let wantsCaptions: Bool
    /// CCExtractor's path; nil where it is not installed.
    var extractor = CaptionMaker.installedExtractor()
    /// Bytes that must stay free in the output folder.
    let reserve: Int64
    /// FFmpeg without progress for that long has failed.
    var stall = Duration.seconds(300)
  }

  /// What a worker tells those around it.
  struct Reports: Sendable {
    var progress: @Sendable (ConversionProgress) -> Void = { _ in }
    /// The output is written and is being checked.
    var encoded: @Sendable () async -> Void = {}
  }

  private let settings: Settings
  private let logs: ConversionLogs
  private let time: any TimeSource
  private let thread: DedicatedThread

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  init(named name: String, settings: Settings, logs: ConversionLogs, time: any TimeSource) {
    self.settings = settings
    self.logs = logs
    self.time = time
    thread = DedicatedThread(named: name)
  }

  /// - Returns: what was made, checked and synced, under temporary names.
  /// - Throws: `ConverterError`; nothing is left behind then.
  func run(_ row: ConversionRow, _ reports: Reports) async throws(ConverterError)
    -> OutputPlacer.Made
  {
    let movie = WorkFile.movie(row.id.text, in: settings.output)
    let captions = WorkFile.captions(row.id.text, in: settings.output)
    let shown = ProgressFile(beside: row.path)
    defer { shown.remove() }
    do throws(ConverterError) {
      try makeRoom()
      let drop = try OpenDrop(row.path)
      guard drop.identity == row.identity else {
        throw ConverterError(.sourceChanged, ReadinessPolicy.Wait.changing.sentence)
      }
      let content = try await inspected(drop)
      try await transcode(row.id, drop, content, to: movie, shown, reports)
      try require(drop)
      await reports.encoded()
      let length = try await OutputVerifier().verify(movie, against: content, of: drop)
      logs.note(row.id, "checked: \(LengthPolicy.text(length)) long, decoded without a fault")
      var made = OutputPlacer.Made(
        sha256: "", bytes: 0, durationUs: length.microseconds, captions: nil)
      if settings.wantsCaptions {
        let maker = CaptionMaker(logs: logs, extractor: settings.extractor)
        let found = try await maker.make(row.id, of: drop, content, to: captions)
        made.captions = found
        logs.note(row.id, found.fault ?? "captions: \(found.cues) by \(found.tool.rawValue)")
      }
      // The last word: what was read all the time is still what lies there.
      try require(drop)
      (made.sha256, made.bytes) = try sync(movie)
      return made
    } catch {
      unlink(movie)
      unlink(captions)
      throw error
    }
  }

  /// Removes what an earlier process left of a conversion of ours.
  func clear(_ id: JobID) {
    unlink(WorkFile.movie(id.text, in: settings.output))
    unlink(WorkFile.captions(id.text, in: settings.output))
  }

  // MARK: - Steps

  private func makeRoom() throws(ConverterError) {
    do {
      try Syscall.makeFolders(settings.output)
    } catch {
      throw .writing(error, settings.output + "/x")
    }
    if let why = OutputRoom.objection(settings.output, reserve: settings.reserve) {
      throw ConverterError(.noSpace, why)
    }
  }

  private func inspected(_ drop: OpenDrop) async throws(ConverterError) -> Inspection.Content {
    let inspection = try await DropInspector().inspect(drop)
    if Task.isCancelled { throw .stopped }
    if inspection.writers.isOpen {
      throw ConverterError(
        .sourceChanged, ReadinessPolicy.Wait.openForWriting(inspection.writers).sentence)
    }
    guard let content = inspection.content else {
      throw ConverterError(.sourceUnreadable, inspection.objection ?? "It cannot be read any more.")
    }
    return content
  }

  private func require(_ drop: OpenDrop) throws(ConverterError) {
    if let objection = drop.objection() { throw objection }
  }

  private func transcode(
    _ id: JobID, _ drop: OpenDrop, _ content: Inspection.Content, to movie: String,
    _ shown: ProgressFile, _ reports: Reports
  ) async throws(ConverterError) {
    unlink(movie)
    var command = TranscodeCommand(
      content: content, preset: settings.preset, crf: settings.crf
    ).child(drop, output: movie)
    command.output = .pipe()
    logs.note(id, command)
    let child: ChildProcess
    do {
      child = try await ChildProcess.start(command)
    } catch {
      throw ConverterError(.program, "FFmpeg does not start: \(error).")
    }
    let objection = await withTaskCancellationHandler {
      await follow(child, id, drop, content, shown, reports)
    } onCancel: {
      child.requestStop(.kill)
    }
    let exit = await child.exit()
    for line in FFmpegText.lastLines(12, of: child.errorText) { logs.note(id, "ffmpeg: \(line)") }
    logs.note(id, "ffmpeg \(exit), \(exit.userTime.inSeconds) s of processor time")
    if Task.isCancelled { throw .stopped }
    if let objection { throw objection }
    guard exit.isSuccess else { throw Self.failure(child, exit, settings) }
  }

  /// Reads the progress to its end; what came in between that ends the work, FFmpeg included.
  private func follow(
    _ child: ChildProcess, _ id: JobID, _ drop: OpenDrop, _ content: Inspection.Content,
    _ shown: ProgressFile, _ reports: Reports
  ) async -> ConverterError? {
    let guardian = StallGuard(child, limit: settings.stall)
    defer { guardian.end() }
    var parser = ProgressParser()
    var shownAt = time.monotonic() - .seconds(10)
    var last: Int64?
    guard let output = child.output else { return nil }
    for await line in output.lines {
      guard let report = parser.take(line) else { continue }
      if report.doneUs != last || report.isEnd {
        last = report.doneUs
        guardian.moved()
      }
      let now = time.monotonic()
      guard now - shownAt >= .milliseconds(900) || report.isEnd else { continue }
      shownAt = now
      let progress = ConversionProgress(
        id: id, doneUs: min(report.doneUs ?? 0, content.durationUs), totalUs: content.durationUs,
        speed: report.speed)
      reports.progress(progress)
      shown.write(progress, state: report.isEnd ? .verifying : .converting, at: time.now())
      if let objection = drop.objection() {
        await child.stop(.kill)
        return objection
      }
    }
    return guardian.hasStruck
      ? ConverterError(
        .stalled,
        "FFmpeg made no progress for \(settings.stall.inSeconds.rounded()) s and was stopped.")
      : nil
  }

  private static func failure(
    _ child: ChildProcess, _ exit: ChildExit, _ settings: Settings
  ) -> ConverterError {
    let text = child.errorText
    if text.contains("No space left on device") || text.contains("Disk quota exceeded") {
      return .writing(SystemError(code: ENOSPC, call: "write"), settings.output + "/x")
    }
    let words = FFmpegText.lastLines(1, of: text).first
    return ConverterError(
      .transcode, "FFmpeg could not convert it: \(words ?? "it \(exit)"). See the conversion's log."
    )
  }

  /// On the disk, with its hash.
  private func sync(_ path: String) throws(ConverterError) -> (String, Int64) {
    do throws(SystemError) {
      let descriptor = try Syscall.check("open", path) { open(path, O_RDWR | O_CLOEXEC) }
      defer { close(descriptor) }
      try Syscall.check("fsync", path) { fsync(descriptor) }
      let (hash, size) = try SHA256.hash(fileAt: path)
      return (hash, size)
    } catch {
      throw .writing(error, path)
    }
  }
}

/// Whether the output folder has room for another conversion.
enum OutputRoom {
  static func objection(_ folder: String, reserve: Int64) -> String? {
    var status = statvfs()
    guard statvfs(folder, &status) == 0 else { return nil }
    let free = Int64(status.f_bavail) * Int64(status.f_frsize)
    return free >= reserve
      ? nil
      : "\(folder) has \(free >> 20) MiB free, less than the \(reserve >> 20) MiB of [media] "
        + "reserve_mib: free some, and conversions go on."
  }
}
