import Base

/// The playlist of playlists for a stream whose station offers its sound apart: the picture with the
/// sound beside it, each from its own tape (RFC 8216 §4.3.4). A value.
struct MasterPlaylist: Hashable, Sendable {
  /// The picture's playlist, and the sound's: addresses on this gateway.
  let picture: String
  let sound: String
  /// The most that both need, in bits per second.
  let bandwidth: Int64

  /// `file`: what was asked for, such as `stream.m3u8`; `query`: with which parameters, of which those
  /// that playlists know are passed on.
  init(stream: StreamID, file: String, query: [(name: String, value: String)], bandwidth: Int64) {
    let kept = query.filter { parameter in
      ["window", "format", "gaps", "key"].contains(parameter.name)
        && parameter.value.utf8.allSatisfy(MasterPlaylist.isPlain)
    }.map { "\($0.name)=\($0.value)" }
    picture = "/live/\(stream)/\(file)?" + (kept + ["tracks=picture"]).joined(separator: "&")
    sound =
      "/live/\(stream.sound)/\(file)" + (kept.isEmpty ? "" : "?" + kept.joined(separator: "&"))
    self.bandwidth = bandwidth
  }

  /// Needs no escape in an address.
  private static func isPlain(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"):
      true
    default: false
    }
  }

  var bytes: [UInt8] {
    var text = PlaylistText()
    text.line("#EXTM3U")
    text.line("#EXT-X-VERSION:6")
    text.line(
      "#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID=\"sound\",NAME=\"Sound\",DEFAULT=YES,AUTOSELECT=YES,"
        + "URI=\"\(sound)\"")
    text.line("#EXT-X-STREAM-INF:BANDWIDTH=\(max(bandwidth, 1)),AUDIO=\"sound\"")
    text.line(picture)
    return text.bytes
  }
}
