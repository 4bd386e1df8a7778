import Base
import Messages
import Subprocess

/// What FFmpeg's end means for a capture: the one table.
extension SourceFailure {
  init(ffmpeg exit: ChildExit, errors: String) {
    let line = SourceFailure.lastLine(errors)
    let text = errors.lowercased()
    let (cause, pace): (Gap.Cause, Pace) =
      if text.contains("401 ") || text.contains("403 ") || text.contains("unauthorized")
        || text.contains("authentication") || text.contains("auth failed")
        || text.contains("not on whitelist") || text.contains("not in whitelist")
      {
        (.sourceRefused, .patient)
      } else if text.contains("certificate") {
        (.sourceUnreachable, .slow)
      } else if text.contains("404 ") || text.contains("not found") || text.contains("no such") {
        (.sourceRefused, .slow)
      } else if [
        "connection refused", "timed out", "no route", "unreachable", "resolve", "name or",
      ]
      .contains(where: { text.contains($0) }) {
        (.sourceUnreachable, .quick)
      } else if text.contains("invalid data") || text.contains("could not find codec") {
        (.sourceGarbled, .slow)
      } else {
        (.sourceClosed, .quick)
      }
    self.init(
      cause,
      line.map { "FFmpeg ends: \($0)\($0.hasSuffix(".") ? "" : ".")" }
        ?? (exit.isSuccess
          ? "The source closed the connection." : "FFmpeg \(exit) and says nothing."),
      pace: pace)
  }

  /// A device that was not opened; what FFmpeg says of one is often no more than an error's number.
  init(device url: String, errors: String) {
    let name = url.dropFirst("device:".count)
    let reason = SourceFailure.lastLine(errors).map { " (\($0))" } ?? ""
    self.init(
      .sourceUnreachable,
      "The device '\(name)' cannot be opened\(reason): check its name, and that the recorder may use it.",
      pace: .slow)
  }

  private static let reasons = [
    "refused", "timed out", "unreachable", "no route", "resolve", "unauthorized", "authentication",
    "401", "403", "404", "not found", "no such", "whitelist", "invalid data",
    "certificate",
  ]

  /// The last thing that it said, without secrets and without the names of its parts.
  static func lastLine(_ errors: String) -> String? {
    let lines = errors.split(whereSeparator: \.isNewline).map(String.init).filter {
      !$0.allSatisfy(\.isWhitespace) && !$0.contains("Last message repeated")
        && !$0.hasPrefix("pipe:0:") && !$0.contains("Impossible to open")
    }
    // What came first says why; what came last, often only that it did not work.
    let telling = lines.last { line in
      SourceFailure.reasons.contains { line.lowercased().contains($0) }
    }
    guard var line = telling ?? lines.last else { return nil }
    if line.hasPrefix("["), let end = line.firstIndex(of: "]") {
      line = String(line[line.index(after: end)...].drop { $0 == " " })
    }
    return String(Redactor.redact(line).prefix(300))
  }
}
