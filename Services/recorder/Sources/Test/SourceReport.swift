import Base
import Messages

/// What "test this stream" found. Names are written in snake case.
struct SourceReport: Encodable, Sendable {
  struct Variant: Encodable, Sendable {
    var bitsPerSecond: Int?
    var height: Int?
    var codecs: String?
  }

  var ok = false
  /// Such as `http`, `hls`, `dash`, `mpegts`, `ffmpeg`, `page`; with what a page led to behind it.
  var kind = ""
  /// Where it leads to, without secrets.
  var address = ""
  /// Until the source answered.
  var connectMs: Int?
  var firstByteMs: Int?
  var firstFrameMs: Int?
  var source: SourceDescription?
  /// What the server calls itself.
  var server: String?
  /// HLS, DASH: what the station offers.
  var variants: [Variant] = []
  /// In which its sound is offered, as the station writes them.
  var languages: [String] = []
  /// One sentence, where it can be captured.
  var wouldRecord: String?
  /// One sentence, where it cannot, or not as it should.
  var problem: String?
}

extension SourceDescription {
  /// `MP3 at 128 kbit/s, 44100 Hz, 2 channels`
  var sentence: String {
    var parts = [codecs.joined(separator: " and ")]
    if let height { parts.append("\(width.map { "\($0)×" } ?? "")\(height)") }
    if let bitsPerSecond { parts.append("\(bitsPerSecond / 1000) kbit/s") }
    if let sampleRate { parts.append("\(sampleRate) Hz") }
    if let channels {
      parts.append(channels == 1 ? "mono" : channels == 2 ? "stereo" : "\(channels) channels")
    }
    return parts.joined(separator: ", ")
  }
}
