internal import Base
internal import Messages

/// What people must hear of a recording as it ends: that nothing was recorded, or not all. A value.
enum RecordingAlerts {
  /// nil where all is well, or the recording has not ended.
  static func alert(for recording: Recording) -> RaiseAlert? {
    switch recording.state {
    case .missed:
      return RaiseAlert(
        id: AlertID(unchecked: "recording-missed.\(recording.id)"), severity: .critical,
        subject: AlertPolicy.line("Missed: \(recording.title)"),
        text: "\(window(recording)) was not recorded. \(recording.reason ?? "")",
        at: recording.updatedAt, isEvent: true)
    case .committed:
      guard let file = recording.file, let worst = file.gaps.max(by: isShorter) else { return nil }
      let number = file.gaps.count == 1 ? "one gap" : "\(file.gaps.count) gaps, the longest"
      return RaiseAlert(
        id: AlertID(unchecked: "recording-loss.\(recording.id)"), severity: .warning,
        subject: AlertPolicy.line(
          "Recorded with \(seconds(file.lossUs)) missing: \(recording.title)"),
        text: "\(window(recording)) lacks \(seconds(file.lossUs)): \(number) of "
          + "\(seconds(length(worst))) at \(worst.start.formatted(between: " ")) UTC "
          + "(\(worst.cause.rawValue)). \(worst.detail)",
        at: recording.updatedAt, isEvent: true)
    case .planned, .assigned, .recording, .finishing, .cancelled: return nil
    }
  }

  private static func window(_ recording: Recording) -> String {
    "“\(recording.title)” from \(recording.start.formatted(between: " ")) to "
      + "\(recording.end.formatted(between: " ")) UTC"
  }

  private static func isShorter(_ left: Gap, _ right: Gap) -> Bool {
    length(left) < length(right)
  }

  private static func length(_ gap: Gap) -> Int64 { (gap.end - gap.start).microseconds }

  /// Tenths, so that a lost frame is not no time at all.
  private static func seconds(_ microseconds: Int64) -> String {
    let tenths = max(1, (microseconds + 50_000) / 100_000)
    return "\(tenths / 10).\(tenths % 10) s"
  }
}
