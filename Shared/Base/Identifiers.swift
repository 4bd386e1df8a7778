internal import Glibc

/// A name for one thing of one kind; a plain string in JSON, SQLite and paths.
///
/// The allowed form is narrow on purpose (lower-case letters, digits, `-`, `_` and `.`, not first a
/// dot, at most 100 characters), so that an identifier is safe as a path component, a bus topic and
/// a URL segment without any escaping.
public protocol Identifier: Hashable, Comparable, Codable, Sendable, CustomStringConvertible {
  var text: String { get }
  /// Only for text that has been checked.
  init(unchecked text: String)
}

extension Identifier {
  /// nil where the text is not of the allowed form.
  public init?(_ text: String) {
    guard Self.isValid(text) else { return nil }
    self.init(unchecked: text)
  }

  /// 128 random bits as 32 hexadecimal digits.
  public static func random() -> Self { Self(unchecked: hexadecimal(randomBytes(16))) }

  public static func isValid(_ text: String) -> Bool {
    guard let first = text.utf8.first, first != UInt8(ascii: "."), text.utf8.count <= 100 else {
      return false
    }
    return text.utf8.allSatisfy { byte in
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
        UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."):
        true
      default: false
      }
    }
  }

  public var description: String { text }

  public static func < (left: Self, right: Self) -> Bool { left.text < right.text }

  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard Self.isValid(text) else {
      throw DecodingError.dataCorruptedError(
        in: container,
        debugDescription: "'\(text.prefix(100))' is not an identifier: lower-case letters, digits, "
          + "'-', '_' and '.', at most 100")
    }
    self.init(unchecked: text)
  }

  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(text)
  }
}

/// One process on the bus, such as `scheduler` or `recorder-1`; kept across its restarts.
public struct NodeID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// A stream: chosen by people, part of its tape's path.
public struct StreamID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// A station may offer a stream's sound apart from its picture (HLS alternative audio). That sound has
/// a tape of its own, named after the stream's, which lives and goes with it.
extension StreamID {
  static let soundSuffix = ".sound"
  /// The longest id that people may choose, so that the sound's is one too.
  public static let longest = 100 - soundSuffix.utf8.count

  public var isSound: Bool { text.hasSuffix(Self.soundSuffix) }
  /// The tape of the stream's sound, where that is apart.
  public var sound: StreamID { isSound ? self : StreamID(unchecked: text + Self.soundSuffix) }
  /// The stream to which a tape belongs: itself, or the one whose sound it holds.
  public var owner: StreamID {
    isSound ? StreamID(unchecked: String(text.dropLast(Self.soundSuffix.utf8.count))) : self
  }
}

public struct ScheduleID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// A unit of work, and where the work is a recording, that recording.
public struct JobID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// A calendar of dates on which nothing starts.
public struct HolidaysID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

public struct DestinationID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

public struct DeliveryID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// A podcast's feed.
public struct FeedID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// One item of a feed; derived from the feed and what makes the item recognisable.
public struct EpisodeID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// What an alert is about, such as `stream-down.radio-one`.
public struct AlertID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// One message on the bus; also the name by which a command's outcome is known.
public struct MessageID: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// One life of a database: made new when the database is made or restored, so that a restored
/// backup's sequence numbers are never taken for repeats.
public struct Incarnation: Identifier {
  public let text: String
  public init(unchecked text: String) { self.text = text }
}

/// Bytes from the kernel's cryptographic generator. Not libcrypto's: to wake that up costs a process
/// 2 MiB, and most of ours need nothing else of it.
public func randomBytes(_ count: Int) -> [UInt8] {
  var bytes = [UInt8](repeating: 0, count: count)
  // 256 at most for each call (getentropy(3)).
  for start in stride(from: 0, to: count, by: 256) {
    let result = bytes[start..<min(start + 256, count)].withUnsafeMutableBytes {
      getentropy($0.baseAddress, $0.count)
    }
    precondition(result == 0, "the system's random generator failed")
  }
  return bytes
}

/// Two lower-case digits for each byte.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
  let digits = Array("0123456789abcdef".utf8)
  var text: [UInt8] = []
  for byte in bytes {
    text.append(digits[Int(byte >> 4)])
    text.append(digits[Int(byte & 15)])
  }
  return String(decoding: text, as: UTF8.self)
}
