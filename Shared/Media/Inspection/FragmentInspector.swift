internal import Base

/// Reads as much of a fragmented MP4 segment (ISO/IEC 14496-12) and its initialisation section as is
/// needed to tell whether it is whole, how long it lasts and what it holds. Total.
enum FragmentInspector {
  /// Whether it begins as fragments do.
  static func isLikely(_ bytes: [UInt8]) -> Bool {
    guard bytes.count >= 8 else { return false }
    let type = String(decoding: bytes[4..<8], as: UTF8.self)
    return ["styp", "moof", "sidx", "ftyp", "prft", "emsg"].contains(type)
  }

  static func inspect(
    _ bytes: [UInt8], initialisation: [UInt8]
  ) throws(SegmentFault) -> SegmentInspection {
    let boxes = ISOBox.list(in: bytes, 0..<bytes.count)
    let end = boxes.last?.range.upperBound ?? 0
    guard !boxes.isEmpty, end == bytes.count else {
      throw SegmentFault("is cut off within a box, or is no MP4 fragment")
    }
    guard boxes.contains(where: { $0.type == "moof" }),
      boxes.contains(where: { $0.type == "mdat" })
    else { throw SegmentFault("holds no fragment (moof and mdat)") }
    // A file that initialises itself has its movie box in front.
    let movie = InitialisationSection(
      boxes.contains { $0.type == "moov" } ? bytes : initialisation)
    var spans: [UInt32: TrackSpan] = [:]
    for moof in boxes where moof.type == "moof" {
      for track in ISOBox.list(in: bytes, moof.content) where track.type == "traf" {
        read(track, bytes, movie, &spans)
      }
    }
    return describe(spans, movie)
  }

  private static func describe(
    _ spans: [UInt32: TrackSpan], _ movie: InitialisationSection
  ) -> SegmentInspection {
    var inspection = SegmentInspection(container: .fragmentedMP4)
    let tracks = movie.tracks.filter { spans[$0.id] != nil }
    let video = tracks.first { $0.handler == "vide" }
    if let main = video ?? tracks.first(where: { $0.handler == "soun" }),
      let span = spans[main.id]
    {
      inspection.start = span.start.map {
        MediaTicks.duration($0, perSecond: Int64(main.timescale))
      }
      inspection.duration = MediaTicks.duration(span.length, perSecond: Int64(main.timescale))
    }
    inspection.height = video?.height
    inspection.isIndependent = video.flatMap { spans[$0.id]?.beginsIndependently } ?? true
    let codecs = movie.tracks.compactMap(\.codec)
    inspection.codecs = codecs.isEmpty ? nil : codecs.joined(separator: ",")
    return inspection
  }

  private struct TrackSpan {
    var start: Int64?
    var length: Int64 = 0
    var beginsIndependently: Bool?
  }

  private static func read(
    _ track: ISOBox, _ bytes: [UInt8], _ movie: InitialisationSection,
    _ spans: inout [UInt32: TrackSpan]
  ) {
    let boxes = ISOBox.list(in: bytes, track.content)
    guard let header = boxes.first(where: { $0.type == "tfhd" }) else { return }
    var reader = ISOReader(bytes, header.content)
    guard let flags = reader.uint32(), let id = reader.uint32() else { return }
    if flags & 0x1 != 0 { _ = reader.uint64() }
    if flags & 0x2 != 0 { _ = reader.uint32() }
    let known = movie.tracks.first { $0.id == id }
    var defaultDuration = known?.defaultDuration ?? 0
    if flags & 0x8 != 0 { defaultDuration = reader.uint32() ?? 0 }
    if flags & 0x10 != 0 { _ = reader.uint32() }
    var defaultFlags = known?.defaultFlags ?? 0
    if flags & 0x20 != 0 { defaultFlags = reader.uint32() ?? 0 }
    var span = spans[id] ?? TrackSpan()
    for box in boxes {
      var reader = ISOReader(bytes, box.content)
      if box.type == "tfdt", span.start == nil, let head = reader.uint32() {
        span.start = head >> 24 == 1 ? reader.int64() : reader.uint32().map { Int64($0) }
      } else if box.type == "trun" {
        let (length, first) = run(&reader, defaultDuration, defaultFlags)
        span.length = min(span.length + length, 1 << 50)
        if span.beginsIndependently == nil { span.beginsIndependently = first & 0x10000 == 0 }
      }
    }
    spans[id] = span
  }

  /// The run's length in ticks and its first sample's flags.
  private static func run(
    _ reader: inout ISOReader, _ defaultDuration: UInt32, _ defaultFlags: UInt32
  ) -> (length: Int64, firstFlags: UInt32) {
    guard let flags = reader.uint32(), let count = reader.uint32() else { return (0, 0) }
    if flags & 0x1 != 0 { _ = reader.uint32() }
    var first = defaultFlags
    if flags & 0x4 != 0 { first = reader.uint32() ?? 0 }
    if flags & 0xF00 == 0 { return (Int64(count) * Int64(defaultDuration), first) }
    var length: Int64 = 0
    for index in 0..<count {
      guard !reader.isAtEnd else { break }
      length += Int64(flags & 0x100 != 0 ? reader.uint32() ?? 0 : defaultDuration)
      if flags & 0x200 != 0 { _ = reader.uint32() }
      if flags & 0x400 != 0 {
        let own = reader.uint32() ?? 0
        if index == 0, flags & 0x4 == 0 { first = own }
      }
      if flags & 0x800 != 0 { _ = reader.uint32() }
    }
    return (length, first)
  }
}
