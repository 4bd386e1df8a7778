internal import Base

/// Reads as much of an MPEG transport stream (ISO/IEC 13818-1) as is needed to tell whether a
/// segment is whole, how long it lasts and what it holds. Total: no bytes make it fail but by an
/// error.
enum TransportStreamInspector {
  static let syncByte: UInt8 = 0x47
  static let packetSize = 188

  static func inspect(_ bytes: [UInt8]) throws(SegmentFault) -> SegmentInspection {
    guard bytes.count % packetSize == 0 else {
      throw SegmentFault("is cut off: \(bytes.count) bytes are no whole transport packets")
    }
    var program = TransportProgram()
    var packets = 0
    for start in stride(from: 0, to: bytes.count, by: packetSize) {
      guard bytes[start] == syncByte else {
        throw SegmentFault("loses its transport packets' rhythm at byte \(start)")
      }
      program.take(bytes[start..<start + packetSize])
      packets += 1
    }
    guard program.hasTracks else {
      throw SegmentFault("holds \(packets) transport packets and no programme")
    }
    return program.inspection
  }
}

/// The tracks of a transport stream's first programme.
private struct TransportProgram {
  private struct Track {
    let streamType: UInt8
    /// The first timestamp, and the least and greatest distance from it (33 bits wrap), 90 kHz.
    var first: Int64?
    var least: Int64 = 0
    var greatest: Int64 = 0
    var units = 0
    /// The beginning of what it carries, for looking at its coding.
    var head: [UInt8] = []
    var beginsIndependently = false

    mutating func take(_ payload: ArraySlice<UInt8>, isStart: Bool, isRandomAccess: Bool) {
      var content = payload
      if isStart, let header = PESHeader(payload) {
        content = payload.dropFirst(header.length)
        if units == 0 { beginsIndependently = isRandomAccess }
        units += 1
        if let time = header.presentation { note(time) }
      }
      if head.count < TransportProgram.headLimit { head += content }
    }

    private mutating func note(_ time: Int64) {
      let first = first ?? time
      self.first = first
      let distance = PESHeader.distance(from: first, to: time)
      least = min(least, distance)
      greatest = max(greatest, distance)
    }

    var isVideo: Bool { [0x01, 0x02, 0x1B, 0x24].contains(streamType) }
    var isAudio: Bool { [0x03, 0x04, 0x0F, 0x11, 0x81, 0x87].contains(streamType) }

    /// The last unit is taken to last as long as the mean of the others.
    var span: Int64 {
      let distance = greatest - least
      return units > 1 ? distance + distance / Int64(units - 1) : distance
    }
  }

  private static let headLimit = 64 << 10
  private var programMap: Int?
  private var tracks: [Int: Track] = [:]

  var hasTracks: Bool { !tracks.isEmpty }

  mutating func take(_ packet: ArraySlice<UInt8>) {
    let base = packet.startIndex
    let isStart = packet[base + 1] & 0x40 != 0
    let pid = Int(packet[base + 1] & 0x1F) << 8 | Int(packet[base + 2])
    let control = packet[base + 3] >> 4 & 3
    guard control & 1 != 0 else { return }
    var payload = packet.dropFirst(4)
    var isRandomAccess = false
    if control & 2 != 0 {
      let length = Int(payload.first ?? 0)
      isRandomAccess = length > 0 && (payload.dropFirst().first ?? 0) & 0x40 != 0
      payload = payload.dropFirst(1 + length)
    }
    if pid == 0, isStart {
      takeAssociation(section(payload))
    } else if pid == programMap, isStart {
      takeMap(section(payload))
    } else if tracks[pid] != nil {
      tracks[pid]?.take(payload, isStart: isStart, isRandomAccess: isRandomAccess)
    }
  }

  /// Behind the pointer; tables that span several packets are read as far as the first one goes.
  private func section(_ payload: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
    payload.dropFirst(1 + Int(payload.first ?? 0))
  }

  private mutating func takeAssociation(_ table: ArraySlice<UInt8>) {
    guard programMap == nil, table.first == 0 else { return }
    var entries = table.dropFirst(8)
    while entries.count >= 4 {
      let entry = Array(entries.prefix(4))
      if entry[0] != 0 || entry[1] != 0 {
        programMap = Int(entry[2] & 0x1F) << 8 | Int(entry[3])
        return
      }
      entries = entries.dropFirst(4)
    }
  }

  private mutating func takeMap(_ table: ArraySlice<UInt8>) {
    guard tracks.isEmpty, table.first == 2, table.count > 12 else { return }
    let bytes = Array(table)
    let length = Int(bytes[1] & 0x0F) << 8 | Int(bytes[2])
    // Without the checksum at its end.
    let end = min(bytes.count, 3 + length - 4)
    var index = 12 + (Int(bytes[10] & 0x0F) << 8 | Int(bytes[11]))
    while index + 5 <= end {
      let pid = Int(bytes[index + 1] & 0x1F) << 8 | Int(bytes[index + 2])
      tracks[pid] = Track(streamType: bytes[index])
      index += 5 + (Int(bytes[index + 3] & 0x0F) << 8 | Int(bytes[index + 4]))
    }
  }

  var inspection: SegmentInspection {
    let ordered = tracks.sorted { $0.key < $1.key }.map(\.value)
    var inspection = SegmentInspection(container: .transportStream)
    let video = ordered.first { $0.isVideo && $0.first != nil }
    let main = video ?? ordered.first { $0.isAudio && $0.first != nil }
    if let main, let first = main.first {
      inspection.start = MediaTicks.duration(
        (first + main.least) & 0x1_FFFF_FFFF, perSecond: 90_000)
      inspection.duration = MediaTicks.duration(main.span, perSecond: 90_000)
    }
    let picture = video.flatMap { $0.streamType == 0x1B ? H264Parameters(in: $0.head) : nil }
    inspection.height = picture?.height
    // Some multiplexers do not mark where decoding can begin; parameters at the start tell it too.
    inspection.isIndependent =
      video.map { $0.beginsIndependently || H264Parameters.isAtStart(of: $0.head) } ?? true
    let codecs = ordered.compactMap { $0.isVideo || $0.isAudio ? name($0, picture) : nil }
    inspection.codecs = codecs.isEmpty ? nil : codecs.joined(separator: ",")
    return inspection
  }

  private func name(_ track: Track, _ picture: H264Parameters?) -> String? {
    switch track.streamType {
    case 0x1B: picture?.codec ?? "avc1"
    case 0x24: "hvc1"
    case 0x01, 0x02: "mp2v"
    case 0x0F: adtsName(track.head)
    case 0x11: "mp4a.40.2"
    case 0x03, 0x04: "mp4a.40.34"
    case 0x81: "ac-3"
    case 0x87: "ec-3"
    default: nil
    }
  }

  private func adtsName(_ head: [UInt8]) -> String {
    guard head.count > 2, head[0] == 0xFF, head[1] & 0xF6 == 0xF0 else { return "mp4a.40.2" }
    return "mp4a.40.\(Int(head[2] >> 6) + 1)"
  }
}

/// The beginning of a packet of an elementary stream.
private struct PESHeader {
  let length: Int
  /// 33 bits of 90 kHz.
  let presentation: Int64?

  init?(_ payload: ArraySlice<UInt8>) {
    let head = Array(payload.prefix(14))
    guard head.count >= 9, head[0] == 0, head[1] == 0, head[2] == 1 else { return nil }
    length = 9 + Int(head[8])
    guard head[7] & 0x80 != 0, head.count == 14 else {
      presentation = nil
      return
    }
    let high = Int64(head[9] >> 1 & 7) << 30
    let middle = (Int64(head[10]) << 7 | Int64(head[11] >> 1)) << 15
    presentation = high | middle | Int64(head[12]) << 7 | Int64(head[13] >> 1)
  }

  /// The shorter way round.
  static func distance(from one: Int64, to other: Int64) -> Int64 {
    let distance = (other - one) & 0x1_FFFF_FFFF
    return distance >= 1 << 32 ? distance - (1 << 33) : distance
  }
}
