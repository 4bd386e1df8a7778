/// Finds the frames in an Ogg stream of Vorbis, Opus or FLAC: what stands on a run of pages that
/// begins with a packet and ends with one, nearly always a single page.
///
/// The header pages of a logical stream are no frames. They are kept as the `preamble` of the format
/// that they make, and every segment of a tape begins with them. A stream that is chained on (many
/// stations do so for each title) is a change of format, without a seam in time.
struct OggScanner: Sendable {
  /// More than this belongs to no run of pages that anybody sends.
  private static let longestRun = 4 << 20
  private static let mostPreambles = 4

  /// Header pages by the fingerprint in a format; the newest few.
  private(set) var preambles: [(setup: UInt64, bytes: [UInt8])] = []
  /// What the newest logical stream says is playing.
  private(set) var title: String?
  private(set) var skippedBytes: Int64 = 0
  private(set) var lostPages = 0
  /// A stream was there that cannot be captured.
  private(set) var isRefused = false

  private var serial: UInt32?
  private var coding: OggCoding?
  /// nil while the headers are coming.
  private var format: FrameFormat?
  private var headerBytes: [UInt8] = []
  private var headers = 0
  private var packet: [UInt8] = []
  private var nextSequence: UInt32?
  private var hasFrames = false
  /// Of the open run, whose pages begin at the cursor.
  private var runLength = 0
  private var runSamples = 0
  private var packetSamples: Int?

  func preamble(of format: FrameFormat) -> [UInt8]? {
    preambles.last { $0.setup == format.setup }?.bytes
  }

  /// Deals with what is in the window from the cursor on.
  mutating func scan(
    _ window: UnsafeRawBufferPointer, cursor: inout Int, position: Int64,
    found: (FrameScanner.Frame) -> Void
  ) {
    while true {
      switch OggPage.read(window, at: cursor + runLength) {
      case .unknown: return
      case .absent: resynchronise(window, &cursor)
      case .page(let page):
        let start = cursor + runLength
        take(page, window, start, &cursor)
        guard runLength > 0, let format, page.endsPacket || runLength > Self.longestRun else {
          continue
        }
        let content = UnsafeRawBufferPointer(rebasing: window[cursor..<cursor + runLength])
        found(
          FrameScanner.Frame(
            position: position + Int64(cursor), start: cursor, length: runLength,
            samples: runSamples, hash: frameHash(content), format: format))
        cursor += runLength
        closeRun()
      }
    }
  }

  private mutating func resynchronise(_ window: UnsafeRawBufferPointer, _ cursor: inout Int) {
    let start = cursor + runLength + 1
    closeRun()
    let next = window[start...].firstIndex(of: OggPage.capture[0]) ?? window.count
    skippedBytes += Int64(next - cursor)
    cursor = next
  }

  private mutating func closeRun() {
    runLength = 0
    runSamples = 0
    packetSamples = nil
  }

  private mutating func take(
    _ page: OggPage, _ window: UnsafeRawBufferPointer, _ start: Int, _ cursor: inout Int
  ) {
    if page.isFirst { begin(page.serial) }
    guard page.serial == serial, coding != nil || page.isFirst else {
      return drop(page, &cursor)
    }
    // Behind a preamble the stream goes on anywhere.
    if let nextSequence, page.sequence != nextSequence, hasFrames { lostPages += 1 }
    nextSequence = page.sequence &+ 1
    let body = UnsafeRawBufferPointer(
      rebasing: window[start + page.headerLength..<start + page.length])
    if format == nil {
      headerBytes += window[start..<start + page.length]
      cursor = start + page.length
      takeHeaders(page, body)
    } else if page.isContinued, runLength == 0 {
      // Its first packet began on a page that never came.
      drop(page, &cursor)
    } else {
      runLength += page.length
      hasFrames = true
      count(page, body)
    }
  }

  private mutating func drop(_ page: OggPage, _ cursor: inout Int) {
    skippedBytes += Int64(runLength + page.length)
    cursor += runLength + page.length
    closeRun()
  }

  private mutating func begin(_ serial: UInt32) {
    self.serial = serial
    coding = nil
    format = nil
    headerBytes = []
    headers = 0
    packet = []
    nextSequence = nil
    hasFrames = false
  }

  private mutating func takeHeaders(_ page: OggPage, _ body: UnsafeRawBufferPointer) {
    var place = 0
    for length in page.lacing {
      packet += body[place..<place + Int(length)]
      place += Int(length)
      guard length < 255 else { continue }
      takeHeader(packet)
      packet = []
      if format != nil || coding == nil { return }
    }
  }

  private mutating func takeHeader(_ packet: [UInt8]) {
    if headers == 0 {
      coding = OggCoding(firstPacket: packet)
      title = nil
    } else if coding?.take(header: packet, index: headers) == false {
      coding = nil
    }
    guard let coding else {
      isRefused = true
      serial = nil
      return
    }
    if headers > 0, let title = OggCoding.title(inHeader: packet) { self.title = title }
    if coding.isLastHeader(packet, index: headers) {
      let setup = headerBytes.withUnsafeBytes { frameHash($0) } | 1
      format = FrameFormat(
        codec: coding.codec, sampleRate: coding.sampleRate, channels: coding.channels,
        setup: setup)
      preambles.append((setup, headerBytes))
      if preambles.count > Self.mostPreambles { preambles.removeFirst() }
    }
    headers += 1
  }

  /// The time of the packets that the page ends.
  private mutating func count(_ page: OggPage, _ body: UnsafeRawBufferPointer) {
    guard let coding else { return }
    var place = 0
    for length in page.lacing {
      if packetSamples == nil {
        // A packet's first piece holds all that tells its time.
        packetSamples = coding.samples(
          UnsafeRawBufferPointer(rebasing: body[place..<place + Int(length)]))
      }
      place += Int(length)
      guard length < 255 else { continue }
      runSamples += packetSamples ?? 0
      packetSamples = nil
    }
  }
}

/// The packets on a run of pages, as a frame of an Ogg stream holds them: what stays the same when
/// the pages are made anew.
public enum OggPackets {
  public static func forEach(
    in frame: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void
  ) {
    var packet: [UInt8] = []
    var index = 0
    while case .page(let page) = OggPage.read(frame, at: index) {
      var place = index + page.headerLength
      for length in page.lacing {
        packet += frame[place..<place + Int(length)]
        place += Int(length)
        guard length < 255 else { continue }
        packet.withUnsafeBytes(body)
        packet.removeAll(keepingCapacity: true)
      }
      index += page.length
    }
  }
}
