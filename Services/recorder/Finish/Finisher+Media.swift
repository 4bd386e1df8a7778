import Base
import Bus
import Glibc
import Media
import Messages
import Subprocess

/// From an HLS stream's tape to a checked file under a temporary name.
extension Finisher {
  /// As `make`, for segments of an HLS stream. Frames of another source in the same window are not
  /// part of the file; they stay on the tape and count as missing.
  func makeMedia(
    _ recording: PlannedRecording, _ segments: [Segment], causes: [Gap]
  ) async throws -> FinishedFile? {
    let plan = recording.plan
    var cut = try MediaCutter(root: environment.tapeRoot).cut(
      segments.filter { $0.media != nil }, prefix: prefix(plan))
    let listPath = prefix(plan) + ".list"
    var runs = cut.runs
    defer {
      for run in runs { unlink(run.path) }
      unlink(listPath)
    }
    let sound = try await joinSound(&cut.runs, plan)
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
    let path = temporary(plan, fileExtension: command.container.fileExtension)
    defer { for preparation in command.preparations { unlink(preparation.output) } }
    unlink(path)
    let duration: Duration
    if command.method == .raw {
      try joinRaw(cut.runs, path)
      try reached(.made)
      duration = command.expected
    } else {
      for preparation in command.preparations {
        try await run(preparation.command, limit: command.timeLimit)
      }
      if let list = command.list { try DurableFile.write(Array(list.utf8), to: listPath) }
      try await run(
        command.child(output: path, listPath: listPath), limit: command.timeLimit)
      try reached(.made)
      duration = try await check(path, command)
    }
    try reached(.checked)
    return try finished(
      recording, path, command.container.fileExtension,
      command.container.contentType(hasPicture: command.hasPicture), duration, account)
  }

  /// It lasts as long as it should, and its beginning and its end can be decoded.
  private func check(_ path: String, _ command: MediaCommand) async throws -> Duration {
    let duration = try await decodedDuration(path)
    let difference = duration - command.expected
    // Containers count to the end of the longest track, playlists in rounded durations.
    let tolerance = Duration.milliseconds(700) + command.expected / 50
    guard difference <= tolerance, difference >= .zero - tolerance else {
      throw FinishFailure("the file lasts \(duration), not \(command.expected)")
    }
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
