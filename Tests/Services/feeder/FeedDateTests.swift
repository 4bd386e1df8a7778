import Base
import FoundationEssentials
import TestSupport
import Testing

@testable import airloom_feeder

@Suite("A date in a feed")
struct FeedDateTests {
  struct Sample: Decodable {
    var text: String
    var unix: Int64?

    enum CodingKeys: String, CodingKey {
      case text = "in"
      case unix
    }
  }

  /// Those of the corpus that are read otherwise than it says, and why.
  static let different: [String: String] = [
    "Fri, 31 Mar 2023 20:19:00 America/Los_Angeles":
      "a zone by its region is taken as UTC: the order of episodes needs no zone rules"
  ]

  @Test(
    "of every shape in the corpus is read",
    .enabled(if: Corpora.folder("feeds") != nil, "\(Corpora.absence)"))
  func corpus() throws {
    let folder = try #require(Corpora.folder("feeds"))
    let samples = try JSONDecoder().decode(
      [Sample].self, from: Data(try DurableFile.read("\(folder)/dates.json")))
    var right = 0
    for sample in samples {
      let found = FeedDate.read(sample.text)
      if Self.different[sample.text] != nil {
        #expect(found != nil && found?.seconds != sample.unix, "\(sample.text)")
      } else if let unix = sample.unix {
        #expect(found?.seconds == unix, "\(sample.text): \(found?.description ?? "nothing")")
        right += found?.seconds == unix ? 1 : 0
      } else {
        #expect(found != nil, "\(sample.text)")
        right += found != nil ? 1 : 0
      }
    }
    print("dates: \(right) of \(samples.count) as the corpus says")
  }

  static let values: [(String, Int64?)] = [
    ("Sun, 17 Dec 2017 1:55 PM EST", 1_513_536_900),
    ("Di, 23 Jan 2018 00:00:00 +0100", 1_516_662_000),
    ("mar., 01 déc. 2020 16:11:02 +0000", 1_606_839_062),
    ("Nov. 16, 2020, 10:57 a.m.", 1_605_524_220),
    ("Mon, 03/30/2020 - 19:19", 1_585_595_940),
    ("Fri, 26/06/2020", 1_593_129_600),
    ("30.10.23", 1_698_624_000),
    ("2020-11-08T16:20:00-05:00Z", 1_604_870_400),
    ("Sat, 29 Feb 2020 24:00:00 GMT", 1_583_020_800),
    ("Wed, 31 Dec 2014 23:59:60 GMT", 1_420_070_399),
    ("Sat, 31 Feb 2020 10:00:00 GMT", nil), ("yesterday", nil), ("", nil), ("99:99", nil),
    ("10 10", nil), ("2020-13-01", nil), ("1", nil), ("-", nil),
  ]

  @Test("means what people mean by it", arguments: values)
  func value(text: String, expected: Int64?) { #expect(FeedDate.read(text)?.seconds == expected) }

  @Test("of random text never crashes")
  func fuzz() {
    let words = [
      "mon", "jan", "2020", "1", "99", ":", "-", "+", "/", " ", "t", "z", "pm", "년", "12:30", ".",
      "gmt", "18446744073709551616", "é", "th", ",",
    ]
    var generator = SplitMix64(seed: 7)
    for _ in 0..<20_000 {
      let text = (0..<Int.random(in: 0...9, using: &generator)).map { _ in
        words.randomElement(using: &generator) ?? ""
      }.joined()
      _ = FeedDate.read(text)
    }
  }
}
