import Base
import Media
import Messages
import Storage

/// The as-run log: what the stream announces, with the label on the tape of the sound after it.
extension Capture {
  /// Enters the newest title once it is certain where on the tape it belongs. A title that was
  /// entered last is not entered again, as when a station repeats it after a reconnect.
  func noteTitle() {
    guard let title = reader.title, title != lastTitle?.title, let tape,
      let format = tape.assembler.format, let end = tape.assembler.end,
      reader.frames > 0, tape.assembler.heldBack == 0
    else { return }
    let since = format.duration(ofSamples: reader.samplesSinceTitle)
    // What a server's burst repeats of the past does not go behind what is entered.
    let earliest = lastTitle.map { $0.at + .microseconds(1) } ?? .epoch
    enter(AnnouncedTitle(at: max(end - since, earliest), title: title))
  }

  /// The capture ends: what was announced does not stand until it begins again.
  func endTitles() {
    guard let lastTitle, !lastTitle.title.isEmpty, let end = tape?.assembler.end else { return }
    enter(AnnouncedTitle(at: max(end, lastTitle.at + .microseconds(1)), title: ""))
  }

  private func enter(_ title: AnnouncedTitle) {
    lastTitle = title
    changes.append(.title(title))
  }
}
