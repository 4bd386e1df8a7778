/// The tracks that an fMP4 initialisation section announces.
public struct InitialisationSection: Hashable, Sendable {
  public struct Track: Hashable, Sendable {
    public var id: UInt32 = 0
    /// Ticks a second.
    public var timescale: UInt32 = 0
    /// `vide`, `soun`, …
    public var handler = ""
    /// RFC 6381.
    public var codec: String?
    public var height: Int?
    var defaultDuration: UInt32 = 0
    var defaultFlags: UInt32 = 0
  }

  public private(set) var tracks: [Track] = []

  /// No tracks where the bytes are no such section.
  public init(_ bytes: [UInt8]) {
    let boxes = ISOBox.list(in: bytes, 0..<bytes.count)
    guard let movie = boxes.first(where: { $0.type == "moov" }) else { return }
    let inside = ISOBox.list(in: bytes, movie.content)
    for box in inside where box.type == "trak" && tracks.count < 64 {
      var track = Track()
      InitialisationSection.read(box, bytes, &track)
      tracks.append(track)
    }
    for box in inside where box.type == "mvex" {
      for extends in ISOBox.list(in: bytes, box.content) where extends.type == "trex" {
        var reader = ISOReader(bytes, extends.content)
        guard reader.uint32() != nil, let id = reader.uint32(), reader.uint32() != nil,
          let duration = reader.uint32(), reader.uint32() != nil, let flags = reader.uint32(),
          let index = tracks.firstIndex(where: { $0.id == id })
        else { continue }
        tracks[index].defaultDuration = duration
        tracks[index].defaultFlags = flags
      }
    }
  }

  private static func read(_ parent: ISOBox, _ bytes: [UInt8], _ track: inout Track) {
    for box in ISOBox.list(in: bytes, parent.content) {
      var reader = ISOReader(bytes, box.content)
      switch box.type {
      case "mdia", "minf", "stbl": read(box, bytes, &track)
      case "tkhd":
        let isLong = (reader.uint32() ?? 0) >> 24 == 1
        reader.skip(isLong ? 16 : 8)
        track.id = reader.uint32() ?? 0
      case "mdhd":
        let isLong = (reader.uint32() ?? 0) >> 24 == 1
        reader.skip(isLong ? 16 : 8)
        track.timescale = reader.uint32() ?? 0
      case "hdlr":
        reader.skip(8)
        track.handler = reader.type() ?? ""
      case "stsd":
        reader.skip(8)
        guard let entry = ISOBox.list(in: bytes, reader.rest).first else { continue }
        describe(entry, bytes, &track)
      default: continue
      }
    }
  }

  private static func describe(_ entry: ISOBox, _ bytes: [UInt8], _ track: inout Track) {
    var reader = ISOReader(bytes, entry.content)
    let isPicture = track.handler == "vide"
    if isPicture {
      reader.skip(26)
      track.height = reader.uint16().map { Int($0) }
      reader.skip(50)
    } else {
      reader.skip(28)
    }
    let inside = ISOBox.list(in: bytes, reader.rest)
    func content(_ type: String) -> [UInt8]? {
      inside.first { $0.type == type }.map { Array(bytes[$0.content]) }
    }
    switch entry.type {
    case "avc1", "avc3":
      guard let configuration = content("avcC"), configuration.count > 3 else { break }
      track.codec = entry.type + "." + configuration[1...3].map(hex).joined()
      return
    case "hvc1", "hev1":
      guard let configuration = content("hvcC"), configuration.count > 12 else { break }
      track.codec = entry.type + "." + hevc(configuration)
      return
    case "mp4a":
      guard let descriptors = content("esds") else { break }
      track.codec = MP4Audio.codec(descriptors)
      return
    case "Opus", "fLaC": track.codec = entry.type.lowercased()
    default: break
    }
    if track.codec == nil { track.codec = entry.type }
  }

  /// ISO/IEC 14496-15 annex E.3.
  private static func hevc(_ configuration: [UInt8]) -> String {
    let space = ["", "A", "B", "C"][Int(configuration[1] >> 6)]
    let compatibility = configuration[2...5].reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
    var reversed: UInt32 = 0
    for bit in 0..<32 where compatibility >> UInt32(bit) & 1 == 1 {
      reversed |= 1 << (31 - UInt32(bit))
    }
    let tier = configuration[1] & 0x20 != 0 ? "H" : "L"
    var constraints = Array(configuration[6...11])
    while constraints.last == 0 { constraints.removeLast() }
    let parts =
      [
        "\(space)\(configuration[1] & 0x1F)", String(reversed, radix: 16),
        "\(tier)\(configuration[12])",
      ] + constraints.map { String($0, radix: 16, uppercase: true) }
    return parts.joined(separator: ".")
  }

  private static func hex(_ byte: UInt8) -> String {
    let text = String(byte, radix: 16)
    return text.count < 2 ? "0" + text : text
  }
}

/// What an elementary stream descriptor says of MPEG audio (ISO/IEC 14496-1 §7.2.6).
private enum MP4Audio {
  static func codec(_ descriptors: [UInt8]) -> String {
    var reader = ISOReader(descriptors, 4..<max(4, descriptors.count))
    guard open(&reader, 3) else { return "mp4a" }
    reader.skip(2)
    let flags = reader.uint8() ?? 0
    if flags & 0x80 != 0 { reader.skip(2) }
    if flags & 0x40 != 0 { reader.skip(Int(reader.uint8() ?? 0)) }
    if flags & 0x20 != 0 { reader.skip(2) }
    guard open(&reader, 4), let kind = reader.uint8() else { return "mp4a" }
    reader.skip(12)
    guard kind == 0x40 else { return "mp4a." + String(kind, radix: 16) }
    guard open(&reader, 5), let first = reader.uint8() else { return "mp4a.40" }
    let type = first >> 3
    guard type == 31, let second = reader.uint8() else { return "mp4a.40.\(type)" }
    return "mp4a.40.\(32 + (Int(first & 7) << 3 | Int(second >> 5)))"
  }

  /// Behind the tag and its length, which takes up to four bytes.
  private static func open(_ reader: inout ISOReader, _ tag: UInt8) -> Bool {
    guard reader.uint8() == tag else { return false }
    for _ in 0..<4 {
      guard let byte = reader.uint8() else { return false }
      if byte & 0x80 == 0 { break }
    }
    return true
  }
}
