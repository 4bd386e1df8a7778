import Base
import Glibc
import Media
import Messages
import Storage
import Subprocess

/// What goes into and beside a file and may fail without taking it along: as-run log, cover,
/// loudness, pictures.
extension Finisher {
  /// What the last look at a file brought.
  struct Checked: Sendable {
    var loudness: LoudnessReport?
    var pictures: [CompanionFile.Kind] = []
  }

  func asRun(_ plan: RecordingPlan, from start: Instant? = nil, _ clock: TapeClock) async throws
    -> AsRunLog
  {
    let start = start ?? plan.paddedStart
    let titles = try await environment.database.read {
      try TitleCatalog.announced(plan.stream, from: start, to: plan.paddedEnd, $0)
    }
    return AsRunLog(titles, from: start, to: plan.paddedEnd, clock: clock)
  }

  func tags(
    _ plan: RecordingPlan, _ form: FileForm, _ asRun: AsRunLog, _ files: WorkFiles
  ) async throws -> FileTags {
    var tags = FileTags(plan)
    if plan.finishing?.hasChapters ?? false, form.takesChapters, !asRun.isEmpty {
      try DurableFile.write(Array(asRun.chapters.utf8), to: files.chapters)
      tags.chapters = files.chapters
    }
    if let artwork = plan.finishing?.artwork, form.takesCover {
      do {
        try await makeCover(artwork, files)
        tags.cover = files.cover
      } catch {
        environment.logs.note(plan.job, "made without its artwork \(artwork): \(error)")
      }
    }
    return tags
  }

  /// A JPEG of at most 1000 pixels a side.
  private func makeCover(_ id: String, _ files: WorkFiles) async throws {
    guard let artwork = Artwork(id: id, in: environment.artwork) else {
      throw FinishFailure("it is not in the artwork folder")
    }
    guard try SHA256.hash(fileAt: artwork.path).hexadecimal == id else {
      throw FinishFailure("the file \(artwork.path) is damaged")
    }
    try await run(
      .nice(
        "ffmpeg",
        [
          "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file",
          "-f", artwork.kind.demuxer, "-i", "file:" + artwork.path, "-frames:v", "1", "-vf",
          "scale='min(1000,iw)':'min(1000,ih)':force_original_aspect_ratio=decrease,format=yuvj420p",
          "-q:v", "3", "-c:v", "mjpeg", "-f", "image2pipe", "file:" + files.cover,
        ]), limit: .seconds(60))
  }

  /// Measures what was cut, where its loudness is to be changed; nil where it stays.
  func levelling(
    _ plan: RecordingPlan, _ form: FileForm, _ measuring: ChildCommand, limit: Duration
  ) async throws -> Levelling? {
    guard let target = plan.finishing?.loudness, form.encoder != nil else { return nil }
    var measuring = measuring
    measuring.errors = .tail(limit: 64 << 10)
    let run = try await run(measuring, limit: limit)
    guard let report = LoudnessReport(run.errorText),
      let levelling = Levelling(to: target, report)
    else {
      environment.logs.note(plan.job, "silent: its loudness is not changed")
      return nil
    }
    environment.logs.note(
      plan.job, "brought from \(report.integrated) LUFS to \(levelling.target) LUFS")
    return levelling
  }

  /// Decodes the whole file once. What an encoder of ours made must decode without a fault; what the
  /// station sent is kept as it is, and its faults are told.
  func examine(
    _ path: String, _ form: FileForm, _ duration: Duration, of recording: PlannedRecording,
    hasSound: Bool, _ files: WorkFiles
  ) async throws -> Checked {
    let plan = recording.plan
    let wantsPicture = plan.finishing?.hasPicture ?? true
    let wantsWaveform = wantsPicture && hasSound && !form.hasPicture
    let options = environment.options
    let isPlain = recording.attempts >= Finisher.attemptsWithFFmpeg
    guard !isPlain, options.decodesAll || options.measuresLoudness || wantsWaveform else {
      return Checked()
    }
    let peaks = files.work + "/" + files.peaks
    defer { unlink(peaks) }
    let wish = FileExamination.Wish(
      path: path, form: form, duration: duration, hasSound: hasSound,
      wantsLoudness: options.measuresLoudness && hasSound,
      peaks: wantsWaveform ? files.peaks : nil, folder: files.work)
    let run = try await ChildProcess.run(
      FileExamination.command(wish), timeout: .seconds(300 + Int64(duration.inSeconds)))
    let seen = FileExamination(output: run.text, errors: run.errorText)
    let isStrict = form.encoder != nil && !form.hasPicture
    let tolerance = isStrict ? Duration.milliseconds(300) : duration / 2
    guard run.exit.isSuccess, seen.decoded >= duration - tolerance,
      !isStrict || seen.faults.isEmpty
    else {
      throw FinishFailure(
        "the file cannot be decoded to its end (\(seen.decoded.inSeconds) s of "
          + "\(duration.inSeconds) s): \(seen.faults.joined(separator: "; "))"
          + (run.exit.isSuccess ? "" : " \(run.exit) \(run.errorText.suffix(300))"))
    }
    if !seen.faults.isEmpty {
      environment.logs.note(
        plan.job,
        "as the station sent it, FFmpeg objects to: \(seen.faults.joined(separator: "; "))")
    }
    var checked = Checked(loudness: seen.loudness)
    if wantsWaveform {
      await note(.waveform, plan, &checked) { try await drawWaveform(peaks, files) }
    }
    if wantsPicture, form.hasPicture {
      await note(.thumbnail, plan, &checked) {
        try await takeThumbnail(path, form, at: duration / 2, files)
      }
    }
    return checked
  }

  private func note(
    _ kind: CompanionFile.Kind, _ plan: RecordingPlan, _ checked: inout Checked,
    _ make: () async throws -> Void
  ) async {
    do {
      try await make()
      checked.pictures.append(kind)
    } catch {
      environment.logs.note(plan.job, "made without its \(kind.rawValue): \(error)")
    }
  }

  private func drawWaveform(_ peaks: String, _ files: WorkFiles) async throws {
    let text = String(decoding: try DurableFile.read(peaks), as: UTF8.self)
    guard let waveform = Waveform(peaks: text) else {
      throw FinishFailure("FFmpeg told no peaks")
    }
    try await run(
      Waveform.command(output: files.companion(.waveform)), input: waveform.pixels,
      limit: .seconds(60))
  }

  private func takeThumbnail(
    _ path: String, _ form: FileForm, at middle: Duration, _ files: WorkFiles
  ) async throws {
    try await run(
      .nice(
        "ffmpeg",
        [
          "-nostdin", "-hide_banner", "-loglevel", "error", "-y", "-protocol_whitelist", "file",
          "-ss", MediaCommand.seconds(middle), "-f", form.demuxer, "-i", "file:" + path, "-map",
          "0:v:0", "-frames:v", "1", "-vf", "scale='min(640,iw)':-2,format=yuvj420p", "-q:v", "4",
          "-c:v", "mjpeg", "-f", "image2pipe", "file:" + files.companion(.thumbnail),
        ]), limit: .seconds(120))
    guard FolderListing.exists(files.companion(.thumbnail)),
      try SHA256.hash(fileAt: files.companion(.thumbnail)).size > 0
    else { throw FinishFailure("no picture could be taken") }
  }
}
