import Testing

@testable import Configuration

@Suite("A near miss")
struct NearMissTests {
  @Test(
    "counts wrong, missing, extra and swapped letters",
    arguments: [
      ("lead", "lead", 0), ("leed", "lead", 1), ("ldea", "lead", 2), ("laed", "lead", 1),
      ("led", "lead", 1), ("leads", "lead", 1), ("", "lead", 4), ("lead", "", 4),
    ])
  func slips(left: String, right: String, count: Int) {
    #expect(NearMiss.slips(left, right) == count)
  }

  @Test("is found when it is near, and not when it is far")
  func best() {
    let names = ["status", "control", "config", "version"]
    #expect(NearMiss.best(for: "stauts", among: names) == "status")
    #expect(NearMiss.best(for: "Contrl", among: names) == "control")
    #expect(NearMiss.best(for: "banana", among: names) == nil)
    #expect(NearMiss.best(for: "x", among: names) == nil)
  }
}
