import Base
import Messages
import Testing

@testable import airloom_scheduler

@Suite struct FileNamingTests {
  private let evening = CivilTime(year: 2026, month: 11, day: 21, hour: 20, minute: 5)

  @Test(arguments: [
    ("Morning Show", "2026-11-21 20-05 Morning Show"), ("", "2026-11-21 20-05"),
    ("../../etc/passwd", "2026-11-21 20-05 etc-passwd"),
    ("a/b\\c:d*e?f\"g<h>i|j", "2026-11-21 20-05 a-b-c-d-e-f-g-h-i-j"),
    ("tab\tand\nline", "2026-11-21 20-05 tab-and-line"), ("dots...", "2026-11-21 20-05 dots"),
    ("  many   blanks ", "2026-11-21 20-05 many blanks"),
    ("Café Größe 日本", "2026-11-21 20-05 Café Größe 日本"),
    ("right\u{202E}to left", "2026-11-21 20-05 right-to left"),
  ])
  func holdsNothingThatAPathTakesAmiss(_ title: String, _ expected: String) {
    #expect(FileNaming.name(title: title, at: evening) == expected)
  }

  @Test func isShortEnoughAndNeverCutWithinACharacter() {
    let name = FileNaming.name(title: String(repeating: "日本🎙️", count: 100), at: evening)
    #expect(name.utf8.count <= FileNaming.mostBytes)
    #expect(!name.contains("\u{FFFD}"))
  }
}
