import Base
import FoundationEssentials

/// A piece of a recorder's tape as its HTTP interface tells it (docs/api/tape.md).
struct TapePage: Decodable {
  struct Segment: Decodable {
    var sequence: Int64
    var startUs: Int64
    var durationUs: Int64
    var bytes: Int64
    var container: String
    var codec: String
    var splice: String
    var `init`: String?

    private enum CodingKeys: String, CodingKey {
      case sequence, bytes, container, codec, splice, `init`
      case startUs = "start_us"
      case durationUs = "duration_us"
    }
  }

  struct Gap: Decodable {
    var startUs: Int64
    var endUs: Int64?
    var cause: String
    var detail: String

    private enum CodingKeys: String, CodingKey {
      case cause, detail
      case startUs = "start_us"
      case endUs = "end_us"
    }
  }

  var segments: [Segment]
  var gaps: [Gap]
  var more: Bool
  var nextUs: Int64?
  var sound: String?

  private enum CodingKeys: String, CodingKey {
    case segments, gaps, more, sound
    case nextUs = "next_us"
  }

  static func read(_ bytes: [UInt8]) throws -> TapePage {
    try JSONDecoder().decode(TapePage.self, from: Data(bytes))
  }
}

extension TapeSegment {
  init(_ segment: TapePage.Segment, of node: NodeID) {
    self.init(
      node: node, sequence: segment.sequence, startUs: segment.startUs,
      durationUs: segment.durationUs, container: segment.container, codec: segment.codec,
      splice: segment.splice, initialisation: segment.`init`)
  }
}
