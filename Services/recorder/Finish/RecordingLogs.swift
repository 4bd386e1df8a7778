import Base
import Glibc
import Messages
import Synchronization

/// Each recording's own log, readable alone: `<logs>/<job>.log`. While a recording runs, what
/// happens to its stream is written there too.
///
/// A log that cannot be written never stops a recording.
final class RecordingLogs: Sendable {
  private let folder: String
  private let time: any TimeSource
  private let running = Mutex<[StreamID: Set<JobID>]>([:])

  init(folder: String, time: any TimeSource = SystemTimeSource()) {
    self.folder = folder
    self.time = time
  }

  /// From now on the stream's lines go into these recordings' logs.
  func setRunning(_ jobs: [StreamID: Set<JobID>]) { running.withLock { $0 = jobs } }

  func note(_ job: JobID, _ text: String) {
    append("\(time.now()) \(Redactor.redact(text))", job)
  }

  /// A line about a stream, for all recordings that run on it.
  func note(_ stream: StreamID, _ entry: LogEntry) {
    for job in running.withLock({ $0[stream] ?? [] }) { append(entry.line, job) }
  }

  private func append(_ line: String, _ job: JobID) {
    try? Syscall.makeFolders(folder)
    let descriptor = open(
      "\(folder)/\(job).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    var text = line + "\n"
    text.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
  }
}
