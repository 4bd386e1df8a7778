public import Base

/// Puts audio frames into an MPEG transport stream (ISO/IEC 13818-1): PAT, PMT and one elementary
/// stream, whose PTS are the time of the tape.
///
/// Segments that are made one by one, by different processes and in any order, join as if they had
/// been made in one go, as RFC 8216 §3 wants:
/// - a PTS depends on nothing but the frame's time on the tape;
/// - the packets of the audio are a multiple of 16 in each segment, so that its continuity counter
///   begins at 0 and ends at 15 always;
/// - the tables' counter is the sequence number of the segment, and a segment has one of each (or
///   16, where it is cut into pieces, so that each piece but the last leaves it as it was).
public enum TransportStreamWriter {
  static let packetLength = 188
  private static let payloadLength = 184
  private static let tableMapPID = 0x1000
  private static let audioPID = 0x100
  /// One PES packet holds about this much; it bounds how far apart clock references are
  /// (§2.4.2.2 asks for 100 ms).
  private static let ticksPerPES = 8000
  /// How long before it is played a frame arrives, by the clock references.
  private static let delay: Int64 = 9000

  /// `start` is the time of the whole's first sample, of which `audio` may be a piece. `sequence` is
  /// the segment's number on the tape. Empty frames make an empty result.
  public static func segment(
    _ audio: AudioFrames, start: Instant, sequence: Int64, isLastPiece: Bool = true
  ) -> [UInt8] {
    guard !audio.frames.isEmpty else { return [] }
    var output: [UInt8] = []
    output.reserveCapacity(audio.frames.reduce(8192) { $0 + $1.length * 5 / 4 })
    for index in 0..<(isLastPiece ? 1 : 16) {
      let counter = UInt8(truncatingIfNeeded: (sequence &+ Int64(index)) & 15)
      appendTable(associations, pid: 0, counter: counter, to: &output)
      appendTable(map(of: audio.format), pid: tableMapPID, counter: counter, to: &output)
    }
    let packets = packets(of: audio)
    var counter = 0
    var samples = audio.precedingSamples
    for (index, group) in packets.enumerated() {
      let pts = MediaClock.ticks(at: start, samples: samples, rate: audio.format.sampleRate)
      let bytes = elementaryPacket(audio, group, pts: pts)
      let isLast = index == packets.count - 1
      let count = packetCount(bytes.count)
      let padded = isLast ? count + (16 - (counter + count) & 15) & 15 : count
      append(
        bytes, inPackets: padded, reference: (pts &- delay) & MediaClock.mask, counter: counter,
        to: &output)
      counter = (counter + padded) & 15
      samples += audio.frames[group].reduce(0) { $0 + Int64($1.samples) }
    }
    return output
  }

  /// The frames that share a PES packet.
  private static func packets(of audio: AudioFrames) -> [Range<Int>] {
    let samplesPerPES = ticksPerPES * audio.format.sampleRate / MediaClock.rate
    var groups: [Range<Int>] = []
    var start = audio.frames.startIndex
    var samples = 0
    var length = 0
    for index in audio.frames.indices {
      let frame = audio.frames[index]
      let isFull = samples + frame.samples > samplesPerPES || length + frame.length > 60_000
      if isFull, index > start {
        groups.append(start..<index)
        (start, samples, length) = (index, 0, 0)
      }
      samples += frame.samples
      length += frame.length
    }
    groups.append(start..<audio.frames.endIndex)
    return groups
  }

  /// §2.4.3.6, with a PTS alone.
  private static func elementaryPacket(
    _ audio: AudioFrames, _ group: Range<Int>, pts: Int64
  ) -> [UInt8] {
    let content = audio.frames[group]
    let length = content.reduce(0) { $0 + $1.length }
    var bytes: [UInt8] = [0, 0, 1, 0xC0]
    bytes.reserveCapacity(length + 14)
    // Aligned: a frame begins right behind the header.
    bytes += [UInt8((length + 8) >> 8 & 0xFF), UInt8((length + 8) & 0xFF), 0x84, 0x80, 5]
    bytes += [
      0x21 | UInt8(pts >> 29 & 0x0E), UInt8(pts >> 22 & 0xFF), 0x01 | UInt8(pts >> 14 & 0xFE),
      UInt8(pts >> 7 & 0xFF), 0x01 | UInt8(pts << 1 & 0xFE),
    ]
    for frame in content { bytes += audio.bytes[frame.start..<frame.start + frame.length] }
    return bytes
  }

  /// The first packet carries the clock reference: eight bytes of adaptation field.
  private static func packetCount(_ length: Int) -> Int {
    1 + (max(0, length - (payloadLength - 8)) + payloadLength - 1) / payloadLength
  }

  /// Spreads bytes over exactly so many packets; what is left of one is stuffing (§2.4.3.5).
  private static func append(
    _ bytes: [UInt8], inPackets count: Int, reference: Int64, counter: Int,
    to output: inout [UInt8]
  ) {
    var position = 0
    for index in 0..<count {
      let room = payloadLength - (index == 0 ? 8 : 0)
      // As much as fits, but a byte is kept for each packet still to come.
      let length = min(room, bytes.count - position - (count - 1 - index))
      let field = payloadLength - length
      output += [
        0x47, UInt8((index == 0 ? 0x40 : 0) | audioPID >> 8), UInt8(audioPID & 0xFF),
        UInt8((field > 0 ? 0x30 : 0x10) | (counter + index) & 15),
      ]
      if field > 0 { output.append(UInt8(field - 1)) }
      if field > 1 {
        if index == 0 {
          // Random access and the reference, in 33 bits at 90 kHz; the extension stays zero.
          output += [
            0x50, UInt8(reference >> 25 & 0xFF), UInt8(reference >> 17 & 0xFF),
            UInt8(reference >> 9 & 0xFF), UInt8(reference >> 1 & 0xFF),
            UInt8(reference & 1) << 7 | 0x7E, 0,
          ]
        } else {
          output.append(0)
        }
        let written = index == 0 ? 8 : 2
        output += [UInt8](repeating: 0xFF, count: field - written)
      }
      output += bytes[position..<position + length]
      position += length
    }
  }

  // MARK: Tables

  /// Programme 1 is described on the PID of the map (§2.4.4.3).
  private static let associations: [UInt8] = [
    0x00, 0xB0, 13, 0, 1, 0xC1, 0, 0, 0, 1, 0xE0 | UInt8(tableMapPID >> 8),
    UInt8(tableMapPID & 0xFF),
  ]

  /// One stream of the programme, which also carries the clock (§2.4.4.8).
  private static func map(of format: FrameFormat) -> [UInt8] {
    let pid = [0xE0 | UInt8(audioPID >> 8), UInt8(audioPID & 0xFF)]
    return [0x02, 0xB0, 18, 0, 1, 0xC1, 0, 0] + pid + [0xF0, 0, streamType(of: format)] + pid
      + [0xF0, 0]
  }

  /// Table 2-34; MPEG-1 audio has the rates from 32 kHz on, MPEG-2 the lower ones.
  private static func streamType(of format: FrameFormat) -> UInt8 {
    switch format.codec {
    case .mp3, .mp2, .mp1: format.sampleRate >= 32_000 ? 0x03 : 0x04
    case .aac: 0x0F
    case .vorbis, .opus, .flac: preconditionFailure("pages of Ogg are no bare frames")
    }
  }

  private static func appendTable(
    _ section: [UInt8], pid: Int, counter: UInt8, to output: inout [UInt8]
  ) {
    let header: [UInt8] = [0x47, 0x40 | UInt8(pid >> 8), UInt8(pid & 0xFF), 0x10 | counter, 0]
    let checked = section + CyclicChecksum.mpeg2(section)
    output += header + checked
    output += [UInt8](repeating: 0xFF, count: packetLength - header.count - checked.count)
  }
}
