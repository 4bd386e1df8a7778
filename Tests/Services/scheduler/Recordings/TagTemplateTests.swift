import Base
import Messages
import Testing

@testable import airloom_scheduler

struct TagTemplateTests {
  static func template(
    _ show: String = "Morning {date} Show", station: String? = "Radio One"
  ) -> TagTemplate {
    TagTemplate(
      show: show, at: CivilTime(year: 2026, month: 11, day: 21, hour: 7, minute: 5),
      station: station, stream: StreamID(unchecked: "radio"))
  }

  @Test(arguments: [
    ("{date} {show}", "2026-11-21 Morning {date} Show"), ("{time}", "07-05"),
    ("{day}.{month}.{year}", "21.11.2026"), ("No. {track}", "No. 2516"),
    ("{station}/{stream}", "Radio One/radio"), ("", ""), ("plain", "plain"),
    ("{unknown} {date", "{unknown} {date"), ("{{date}}", "{2026-11-21}"), ("}{", "}{"),
  ])
  func `Variables are filled in, and what is none stays`(_ text: String, _ filled: String) {
    #expect(Self.template().filled(text) == filled)
  }

  @Test func `A title that is not said is the date and the show`() {
    let template = Self.template("Show", station: nil)
    for title in [String?.none, ""] {
      let tags = template.filled(RecordingTags(title: title, album: "{show} {year}"))
      #expect(tags.title == "2026-11-21 Show" && tags.album == "Show 2026" && tags.artist == nil)
    }
    let tags = template.filled(RecordingTags(title: "{show}", artist: "{station}", comment: "{x}"))
    #expect(tags.title == "Show" && tags.artist == "radio" && tags.comment == "{x}")
  }
}
