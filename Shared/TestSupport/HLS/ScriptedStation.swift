internal import Base
internal import HTTPServer
internal import Synchronization

/// An HLS station that offers exactly what a test says, and notes what it is asked for. Its segments
/// are MPEG-TS or packed AAC of any length, made without an encoder.
public final class ScriptedStation: Sendable {
  /// How a path is answered.
  public enum Answer: Sendable {
    case bytes([UInt8])
    case status(Int)
    /// To another address.
    case redirect(String)
  }

  private struct State {
    var answers: [String: Answer] = [:]
    var asked: [String] = []
  }

  private final class Box: Sendable {
    let state = Mutex(State())
  }

  private let box: Box
  private let outlet: HLSOutlet

  public init() throws {
    let box = Box()
    self.box = box
    outlet = try HLSOutlet { request in
      let path = String(request.path.dropFirst())
      let answer = box.state.withLock { state in
        state.asked.append(path)
        return state.answers[path]
      }
      switch answer {
      case .bytes(let bytes):
        let isList = path.hasSuffix(".m3u8")
        return .bytes(
          bytes,
          contentType: isList ? "application/vnd.apple.mpegurl" : "application/octet-stream")
      case .status(let status):
        return Problem(status, "scripted", "The test says so.").response
      case .redirect(let address): return .redirect(to: address, status: 302)
      case nil: return Problem.notFound.response
      }
    }
  }

  public func url(_ path: String) -> String { outlet.url(path) }

  public func set(_ path: String, _ answer: Answer) {
    box.state.withLock { $0.answers[path] = answer }
  }

  public func set(_ path: String, _ text: String) { set(path, .bytes(Array(text.utf8))) }

  /// Paths in the order in which they were asked for.
  public var asked: [String] { box.state.withLock { $0.asked } }

  public func goAway() async { await outlet.goAway() }
  public func comeBack() throws { try outlet.comeBack() }

  /// A second of packed AAC silence and a number that makes it unlike all others: `seconds` of
  /// frames behind an ID3 tag.
  public static func packedSegment(_ number: Int, seconds: Double = 1) -> [UInt8] {
    // "ID3", version 4, no flags, ten bytes of a padding frame's place.
    let stamp = Array("n\(padded(number, 9))".utf8)
    var bytes: [UInt8] = Array("ID3".utf8) + [4, 0, 0, 0, 0, 0, UInt8(stamp.count)] + stamp
    // ADTS, AAC-LC, 44,100 Hz, two channels; a frame of silence.
    let silence: [UInt8] = [0x21, 0x10, 0x04, 0x60, 0x8C, 0x1C]
    let length = 7 + silence.count
    let header: [UInt8] = [
      0xFF, 0xF1, 0x50, UInt8(0x80 | length >> 11), UInt8(length >> 3 & 0xFF),
      UInt8((length & 7) << 5 | 0x1F), 0xFC,
    ]
    for _ in 0..<Int((seconds * 44_100 / 1024).rounded()) { bytes += header + silence }
    return bytes
  }

  /// Offers a live list of packed segments `<prefix><number>.aac`, each a second long, and the
  /// segments themselves. `date`: when number 0 began; nil: no dates.
  public func offer(
    _ numbers: Range<Int>, prefix: String = "s", date: String? = nil, list: String = "live.m3u8",
    extra: [Int: String] = [:], isEnded: Bool = false
  ) {
    var text = """
      #EXTM3U
      #EXT-X-VERSION:3
      #EXT-X-TARGETDURATION:1
      #EXT-X-MEDIA-SEQUENCE:\(numbers.lowerBound)

      """
    if let date, let start = Instant(date) {
      text += "#EXT-X-PROGRAM-DATE-TIME:\(start + .seconds(numbers.lowerBound))\n"
    }
    for number in numbers {
      if let extra = extra[number] { text += extra + "\n" }
      text += "#EXTINF:1.0,\n\(prefix)\(number).aac\n"
      box.state.withLock { state in
        let path = "\(prefix)\(number).aac"
        if state.answers[path] == nil {
          state.answers[path] = .bytes(
            ScriptedStation.packedSegment(number + prefix.utf8.reduce(0) { $0 + Int($1) } * 1000))
        }
      }
    }
    if isEnded { text += "#EXT-X-ENDLIST\n" }
    set(list, text)
  }
}
