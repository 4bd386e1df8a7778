import Base
import FoundationEssentials
import Media
import TestSupport
import Testing

/// Playlists that others collected, with what their parser (m3u8-parser) reads in them. Each
/// difference is listed here and explained in docs/playlist-corpus.md.
struct HLSCorpusTests {
  /// `file field`: where we read something else on purpose, as docs/playlist-corpus.md says.
  static let explained: Set<String> = [
    "byteRange segment.byteRange.offset", "empty playlist", "extinf segment.title",
    "llhls-byte-range segment.byteRange.length", "llhls-byte-range segment.byteRange.offset",
    "manifestNoExtM3u playlist", "multipleTargetDurations segment.duration",
    "negativeMediaSequence mediaSequence", "start playlist", "zeroDuration segment.duration",
  ]

  struct Expected: Decodable {
    struct Range: Decodable, Equatable {
      let length: Int64
      let offset: Int64
    }
    struct Key: Decodable {
      let method: String?
      let uri: String?
      let iv: [String: UInt32]?
    }
    struct Map: Decodable {
      let uri: String?
      let byterange: Range?
    }
    struct Segment: Decodable {
      let uri: String?
      let duration: Double?
      let title: String?
      let discontinuity: Bool?
      let timeline: Int?
      let byterange: Range?
      let key: Key?
      let map: Map?
      let dateTimeString: String?
    }
    struct Resolution: Decodable { let width, height: Int }
    /// A number that may stand in quotes.
    struct Number: Decodable {
      let value: Int

      init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Int.self) {
          self.value = value
        } else {
          value = Int(try container.decode(String.self)) ?? 0
        }
      }
    }
    struct Attributes: Decodable {
      let bandwidth: Number?
      let averageBandwidth: Number?
      let codecs: String?
      let resolution: Resolution?
      let audio: String?

      private enum CodingKeys: String, CodingKey {
        case bandwidth = "BANDWIDTH"
        case averageBandwidth = "AVERAGE-BANDWIDTH"
        case codecs = "CODECS"
        case resolution = "RESOLUTION"
        case audio = "AUDIO"
      }
    }
    struct Variant: Decodable {
      let uri: String?
      let attributes: Attributes?
    }
    struct Rendition: Decodable {
      let language: String?
      let uri: String?
      let autoselect: Bool?
      let `default`: Bool?
    }
    let targetDuration: Double?
    let mediaSequence: Int64?
    let discontinuitySequence: Int64?
    let endList: Bool?
    let playlistType: String?
    let version: Int?
    let independentSegments: Bool?
    let iFramesOnly: Bool?
    let segments: [Segment]?
    let playlists: [Variant]?
    let iFramePlaylists: [Variant]?
    let mediaGroups: [String: [String: [String: Rendition]]]?
  }

  /// One field of one playlist, as text on both sides.
  struct Field {
    let name: String
    let expected: String
    let got: String
  }

  static func compare(_ expected: Expected, _ bytes: [UInt8]) -> [Field] {
    switch Result(catching: { () throws(HLSPlaylistError) in try HLSPlaylist(bytes) }) {
    case .failure(let error):
      return [Field(name: "playlist", expected: "read", got: "refused: \(error)")]
    case .success(.master(let master)): return compare(expected, master)
    case .success(.media(let media)): return compare(expected, media)
    }
  }

  static func compare(_ expected: Expected, _ master: HLSMasterPlaylist) -> [Field] {
    var fields = [
      Field(
        name: "variants", expected: "\(expected.playlists?.count ?? 0)",
        got: "\(master.variants.count)"),
      Field(
        name: "iFrameVariants", expected: "\(expected.iFramePlaylists?.count ?? 0)",
        got: "\(master.iFrameVariants.count)"),
    ]
    for (one, other) in zip(expected.playlists ?? [], master.variants) {
      let attributes = one.attributes
      fields += [
        field("variant.uri", one.uri, other.uri),
        field("variant.bandwidth", attributes?.bandwidth?.value, other.bandwidth),
        field(
          "variant.averageBandwidth", attributes?.averageBandwidth?.value, other.averageBandwidth),
        field("variant.codecs", attributes?.codecs, other.codecs),
        field("variant.width", attributes?.resolution?.width, other.width),
        field("variant.height", attributes?.resolution?.height, other.height),
        field("variant.audioGroup", attributes?.audio, other.audioGroup),
      ]
    }
    for (one, other) in zip(expected.iFramePlaylists ?? [], master.iFrameVariants) {
      fields.append(field("iFrameVariant.uri", one.uri, other.uri))
    }
    for (kind, groups) in expected.mediaGroups ?? [:] {
      for (group, renditions) in groups {
        for (name, one) in renditions {
          let other = master.renditions.first {
            $0.kind.rawValue == kind && $0.group == group && $0.name == name
          }
          fields += [
            field("rendition.uri", one.uri, other?.uri),
            field("rendition.language", one.language, other?.language),
            field("rendition.default", one.default ?? false, other?.isDefault),
            field("rendition.autoselect", one.autoselect ?? false, other?.isAutoselect),
          ]
        }
      }
    }
    return fields
  }

  static func compare(_ expected: Expected, _ media: HLSMediaPlaylist) -> [Field] {
    let segments = expected.segments ?? []
    var fields = [
      field("targetDuration", expected.targetDuration, media.targetDuration?.inSeconds),
      field("mediaSequence", expected.mediaSequence ?? 0, media.mediaSequence),
      field(
        "discontinuitySequence", expected.discontinuitySequence ?? 0, media.discontinuitySequence),
      field("endList", expected.endList ?? false, media.isEnded),
      field("playlistType", expected.playlistType, media.kind?.rawValue),
      field("version", expected.version, media.version),
      field(
        "independentSegments", expected.independentSegments ?? false,
        media.hasIndependentSegments),
      field("iFramesOnly", expected.iFramesOnly ?? false, media.isIFramesOnly),
      field("segments", segments.count, media.segments.count),
    ]
    for (one, other) in zip(segments, media.segments) {
      let iv = one.key?.iv.map { words in
        (0..<4).flatMap { index in
          withUnsafeBytes(of: (words["\(index)"] ?? 0).bigEndian) { Array($0) }
        }
      }
      let method: String? =
        switch other.key?.method {
        case .aes128: "AES-128"
        case .other(let name): name
        case nil: nil
        }
      fields += [
        field("segment.uri", one.uri, other.uri),
        field(
          "segment.duration", one.duration.map { ($0 * 1e6).rounded() / 1e6 },
          other.duration.inSeconds),
        field("segment.title", one.title, other.title),
        field("segment.discontinuity", one.discontinuity ?? false, other.isDiscontinuity),
        field(
          "segment.timeline", one.timeline.map { Int64($0) }, other.discontinuitySequence),
        field("segment.byteRange.length", one.byterange?.length, other.byteRange?.length),
        field("segment.byteRange.offset", one.byterange?.offset, other.byteRange?.offset),
        field("segment.key.method", one.key?.method, method),
        field("segment.key.uri", one.key?.uri, other.key?.uri),
        field("segment.key.iv", iv, other.key?.iv),
        field("segment.map.uri", one.map?.uri, other.map?.uri),
        field("segment.map.length", one.map?.byterange?.length, other.map?.byteRange?.length),
        field(
          "segment.date", one.dateTimeString.flatMap { HLSCorpusTests.date($0) },
          other.programDateTime),
      ]
    }
    return fields
  }

  static func date(_ text: String) -> Instant? { Instant(text) ?? Instant(text + "Z") }

  static func field<Value>(_ name: String, _ expected: Value?, _ got: Value?) -> Field {
    Field(
      name: name, expected: expected.map { "\($0)" } ?? "none", got: got.map { "\($0)" } ?? "none")
  }

  @Test(.enabled(if: Corpora.folder("hls/m3u8-parser") != nil, "\(Corpora.absence)"))
  func `Every playlist of the corpus is read as expected, or the difference is explained`()
    async throws
  {
    let folder = try #require(Corpora.folder("hls/m3u8-parser"))
    let names = try Corpora.names(in: folder, ending: ".m3u8")
    #expect(names.count == 60)
    var differences: Set<String> = []
    var counts: [String: (fields: Int, equal: Int)] = [:]
    for name in names {
      let bytes = try DurableFile.read("\(folder)/\(name).m3u8")
      let json = try DurableFile.read("\(folder)/\(name).json")
      let expected = try JSONDecoder().decode(Expected.self, from: Data(json))
      for field in Self.compare(expected, bytes) {
        counts[field.name, default: (0, 0)].fields += 1
        if field.expected == field.got {
          counts[field.name]?.equal += 1
        } else {
          let difference = "\(name) \(field.name)"
          if !Self.explained.contains(difference) {
            print("\(difference): expected \(field.expected), got \(field.got)")
          }
          differences.insert(difference)
        }
      }
    }
    // The figures of docs/playlist-corpus.md.
    let fields = counts.values.reduce(0) { $0 + $1.fields }
    let equal = counts.values.reduce(0) { $0 + $1.equal }
    print("\(counts.count) kinds of field, \(fields) compared, \(equal) equal")
    #expect(differences == Self.explained && fields - equal == 11)
  }
}
