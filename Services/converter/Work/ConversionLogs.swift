internal import Base
internal import Glibc
internal import Messages
internal import Subprocess

/// Each conversion's own log, readable alone: `<folder>/<id>.log`. What made it wait, the exact
/// commands, what FFmpeg said last, what was checked.
///
/// A line that cannot be written is dropped: a full disk must not stop a conversion.
struct ConversionLogs: Sendable {
  let folder: String
  let time: any TimeSource

  func note(_ id: JobID, _ text: String) {
    let descriptor = open(
      "\(folder)/\(id).log", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o640)
    guard descriptor >= 0 else { return }
    defer { close(descriptor) }
    // One line each, whatever a name or a program says.
    let plain = String(
      Redactor.redact(text).unicodeScalars.map {
        $0.value < 0x20 || $0.value == 0x7F ? " " : Character($0)
      })
    var line = "\(time.now()) \(plain)\n"
    line.withUTF8 { _ = write(descriptor, $0.baseAddress, $0.count) }
  }

  /// As a shell would take it; the drop is the command's standard input.
  func note(_ id: JobID, _ command: ChildCommand) {
    let words = ([command.program] + command.arguments).map { word in
      word.allSatisfy { $0.isLetter || $0.isNumber || "-_./:=,+".contains($0) } && !word.isEmpty
        ? word : "'" + word.replacing("'", with: "'\\''") + "'"
    }
    note(id, "runs: nice -n \(command.niceness) " + words.joined(separator: " ") + " < drop")
  }
}
