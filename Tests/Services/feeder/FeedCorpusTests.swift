import Base
import FoundationEssentials
import TestSupport
import Testing

@testable import airloom_feeder

/// feedparser's corpus: 2,106 feeds, well and ill, and what its authors read in them. What differs is
/// told, group by group, in docs/feed-corpus.md; the numbers here are those of that page.
@Suite("The corpus of feeds", .enabled(if: Corpora.folder("feeds") != nil, "\(Corpora.absence)"))
struct FeedCorpusTests {
  @Test("is read whole, in chunks of any size, without a crash or a hang", .timeLimit(.minutes(5)))
  func robust() async throws {
    let corpus = try FeedCorpus()
    let (read, differing) = await onOwnThread { () -> (Int, [String]) in
      var read = 0
      var differing: [String] = []
      for (index, entry) in corpus.entries.enumerated() {
        guard let bytes = try? DurableFile.read("\(corpus.folder)/\(entry.file)") else { continue }
        let whole = FeedCorpus.read(bytes, entry)
        read += 1
        // Every byte alone is slow; each file gets a size of its own, primes among them.
        for size in [1, 2, 3, 7, 61][index % 5] == 1 && bytes.count > 20_000
          ? [61] : [[1, 2, 3, 7, 61][index % 5]]
        {
          if FeedCorpus.read(bytes, entry, chunk: size) != whole { differing.append(entry.file) }
        }
      }
      return (read, differing)
    }
    #expect(read == corpus.entries.count)
    #expect(differing.isEmpty, "in chunks these are read otherwise: \(differing.prefix(10))")
  }

  /// Of the files that docs/feed-corpus.md explains.
  static let explained = [
    "link_image", "xml_lang_underscore", "http_content_language", "entry_created_multiple_values",
    "entity_in_doctype", "http_entry_id_base", "item_media_title1", "xml_malicious_comment",
  ]

  @Test("says what its authors read, but for what is explained", .timeLimit(.minutes(5)))
  func fields() async throws {
    let corpus = try FeedCorpus()
    let table = await onOwnThread { corpus.compare() }
    print(table.text)
    let sums = table.rows.values.reduce((0, 0)) { ($0.0 + $1.comparisons, $0.1 + $1.matches) }
    #expect(sums.0 == 657)
    #expect(sums.1 >= 647)
    let differing = Set(table.rows.values.flatMap(\.differences).map(\.file))
    for file in differing {
      #expect(Self.explained.contains { file.contains($0) }, "\(file) differs")
    }
  }
}

/// The corpus and what it expects.
struct FeedCorpus: Sendable {
  struct Entry: Decodable, Sendable {
    var file: String
    var category: String
    var python: String?
    var headers: [String: String]?
    var expect: [Expectation]?

    enum CodingKeys: String, CodingKey {
      case file, category, expect
      case python = "expect_py"
      case headers = "http_headers"
    }
  }

  /// A field's path and its value as text.
  struct Expectation: Decodable, Sendable {
    var path: String
    var value: String?

    init(from decoder: any Decoder) throws {
      var container = try decoder.unkeyedContainer()
      path = try container.decode(String.self)
      if let text = try? container.decode(String.self) {
        value = text
      } else if let number = try? container.decode(Int.self) {
        value = "\(number)"
      }
    }
  }

  let folder: String
  let entries: [Entry]

  init() throws {
    folder = try unwrap(Corpora.folder("feeds"))
    entries = try JSONDecoder().decode(
      [Entry].self, from: Data(try DurableFile.read("\(folder)/index.json")))
  }

  static func read(_ bytes: [UInt8], _ entry: Entry, chunk: Int = .max) -> FeedDocument? {
    let header = entry.headers?.first { $0.key.lowercased() == "content-type" }?.value
    let location = entry.headers?.first { $0.key.lowercased() == "content-location" }?.value
    let own = "http://127.0.0.1:8097/\(entry.file)"
    let url = location.flatMap { $0.hasPrefix("http") ? $0 : nil } ?? own
    let reader = FeedReader(url: url, contentType: header)
    do {
      var rest = bytes[...]
      while !rest.isEmpty {
        let part = rest.prefix(chunk)
        try reader.feed(Array(part))
        rest = rest.dropFirst(part.count)
      }
      return try reader.finish()
    } catch {
      return nil
    }
  }

  struct Table: Sendable {
    struct Row: Sendable {
      var comparisons = 0
      var matches = 0
      var differences: [(file: String, expected: String, got: String)] = []
    }

    var rows: [String: Row] = [:]
    var notKept = 0

    var text: String {
      let lines = rows.sorted { $0.key < $1.key }.map { name, row in
        "| \(name) | \(row.comparisons) | \(row.matches) |"
      }
      let sums = rows.values.reduce((0, 0)) { ($0.0 + $1.comparisons, $0.1 + $1.matches) }
      let differences = rows.sorted { $0.key < $1.key }.flatMap { name, row in
        row.differences.map {
          "\(name) \($0.file): expected [\($0.expected.prefix(90))] got [\($0.got.prefix(90))]"
        }
      }
      return
        "| field | comparisons | matches |\n| --- | ---: | ---: |\n"
        + lines.joined(separator: "\n")
        + "\n| all | \(sums.0) | \(sums.1) |\nnot kept: \(notKept)\n"
        + differences.joined(separator: "\n")
    }

    mutating func note(_ field: String, _ file: String, _ expected: String, _ got: String) {
      rows[field, default: Row()].comparisons += 1
      if expected == got {
        rows[field]?.matches += 1
      } else {
        rows[field]?.differences.append((file, expected, got))
      }
    }
  }

  func compare() -> Table {
    var table = Table()
    for entry in entries {
      guard let bytes = try? DurableFile.read("\(folder)/\(entry.file)") else { continue }
      let document = Self.read(bytes, entry)
      for expectation in entry.expect ?? [] where expectation.path != "bozo" {
        guard let expected = expectation.value,
          let field = Self.field(expectation.path, in: document)
        else {
          table.notKept += 1
          continue
        }
        let name = expectation.path.replacing("entries[0]", with: "item")
        // The archive keeps words; feedparser says them with the markup that it finds harmless.
        let isText = Self.texts.contains { name.hasSuffix($0) }
        table.note(
          name, entry.file, isText ? PlainText.words(of: expected) : expected, field ?? "")
      }
      for (name, expected) in Self.dates(entry.python ?? "") {
        let item = document?.items.first
        let found: Instant? =
          switch name {
          case "entries[0].published", "entries[0].created": item?.published
          case "entries[0].updated": item?.updated ?? item?.published
          default: document?.updated
          }
        table.note(
          name.replacing("entries[0]", with: "item") + " (time)", entry.file, "\(expected)",
          found.map { "\($0.seconds)" } ?? "nothing")
      }
    }
    return table
  }

  private static let texts = [
    "title", "description", "tagline", "subtitle", "copyright", "rights",
  ]

  /// nil where it is none of those that the archive keeps.
  private static func field(_ path: String, in document: FeedDocument?) -> String?? {
    let item = document?.items.first
    switch path {
    case "feed.title": return .some(document?.title)
    case "feed.link": return .some(document?.link)
    case "feed.description", "feed.tagline", "feed.subtitle": return .some(document?.description)
    case "feed.language": return .some(document?.language)
    case "feed.image.href": return .some(document?.imageURL)
    case "feed.copyright", "feed.rights": return .some(document?.copyright)
    case "feed.author_detail.name": return .some(document?.author)
    case "entries[0].title": return .some(item?.title)
    case "entries[0].link": return .some(item?.link)
    case "entries[0].id", "entries[0].guid": return .some(item?.guid)
    case "entries[0].author_detail.name": return .some(item?.author)
    case "entries[0].image.href": return .some(item?.imageURL)
    case "entries[0].enclosures.0.href", "entries[0].enclosures.0.url":
      return .some(item?.enclosures.first?.url)
    case "entries[0].enclosures.0.type": return .some(item?.enclosures.first?.type)
    case "entries[0].enclosures.0.length":
      return .some(item?.enclosures.first?.length.map { "\($0)" })
    default: return nil
    }
  }

  /// `entries[0]['published_parsed'] == (2004, 1, 1, 19, 48, 21, 3, 1, 0)`
  private static func dates(_ python: String) -> [(String, Int64)] {
    let pattern =
      /(entries\[0\]|feed)\[?'?\.?(published|updated|created)_parsed'?\]? == \((\d+), (\d+), (\d+), (\d+), (\d+), (\d+)/
    return python.matches(of: pattern).compactMap { match in
      let numbers = [match.3, match.4, match.5, match.6, match.7, match.8].compactMap { Int($0) }
      guard numbers.count == 6 else { return nil }
      let civil = CivilTime(
        year: numbers[0], month: numbers[1], day: numbers[2], hour: numbers[3],
        minute: numbers[4], second: numbers[5])
      return ("\(match.1).\(match.2)", civil.secondsSinceEpoch)
    }
  }
}

func unwrap<Value>(_ value: Value?) throws -> Value {
  guard let value else { throw TestFailure("a value is missing") }
  return value
}
