/// Finds the places where an endless MPEG transport stream (ISO/IEC 13818-1) can be cut, and hands out
/// what lies between two of them: a chunk.
///
/// A chunk begins at a key frame of the picture, or where there is no picture at any unit of the
/// sound, and takes along the tables that stand directly before it; so chunks one behind the other are
/// the stream, byte for byte. Where no tables stand there, `tables` holds the newest ones, for whoever
/// begins a file with it. Bytes before the first such place, and bytes that are no packets, are counted
/// and left out. A stream of several programmes is read by its first one and kept whole.
public struct TransportChunkScanner: Sendable {
  public struct Chunk: Hashable, Sendable {
    /// Bytes of the stream before it.
    public var position: Int64
    public var bytes: [UInt8]
    /// When it is shown, 90 kHz; counted on over the clock's return to zero.
    public var start: Int64
    /// To the start of the next one, 90 kHz.
    public var duration: Int64
    /// It can be decoded from its beginning.
    public var isIndependent: Bool
    /// It begins with the programme's tables.
    public var hasTables: Bool
    /// The stream's clock was set, or begins anew, before it.
    public var isDiscontinuous: Bool
    public var hash: UInt64
  }

  /// A picture whose key frames are further apart is cut at other frames.
  private static let longestChunk: Int64 = 20 * 90_000
  private static let largestChunk = 64 << 20
  private static let jump: Int64 = 5 * 90_000

  /// Units of the main track so far: proof that sound or picture comes.
  public private(set) var units: Int64 = 0
  public private(set) var skippedBytes: Int64 = 0
  /// Packets that the sender's counters say are missing.
  public private(set) var lostPackets = 0
  /// The newest tables (one packet of each kind), for a file whose first chunk has none.
  public var tables: [UInt8] { association + map }
  /// The kinds of all tracks, as the programme's map tells them; empty until it came.
  public private(set) var streamTypes: [UInt8] = []

  private var rest: [UInt8] = []
  /// Of the packet at hand.
  private var position: Int64 = 0
  private var association: [UInt8] = []
  private var map: [UInt8] = []
  private var mapPID: Int?
  private var main: (pid: Int, type: UInt8, isPicture: Bool)?
  private var counters: [Int: UInt8] = [:]

  /// The open chunk.
  private var open: Chunk?
  /// Where in it the tables begin that stand at its end; nil where it ends with something else.
  private var tail: Int?
  private var tailHasAssociation = false
  /// Tables that came before the first chunk.
  private var leading: [UInt8] = []
  private var lastTime: Int64?
  private var lastStep: Int64 = 0

  /// `tables`: those of the stream in whose midst the reading begins (`tables` of whoever read it before).
  public init(tables: [UInt8] = []) {
    for start in stride(from: 0, through: tables.count - 188, by: 188) {
      let packet = Array(tables[start..<start + 188])
      takeTable(Self.pid(of: packet), Self.payload(of: packet), packet)
    }
  }

  /// Takes the next bytes; calls back for each chunk that they complete.
  public mutating func feed(_ bytes: some Collection<UInt8>, found: (Chunk) -> Void) {
    rest += bytes
    var index = 0
    while index + 188 <= rest.count {
      guard rest[index] == 0x47, index + 188 == rest.count || rest[index + 188] == 0x47 else {
        index += 1
        position += 1
        skippedBytes += 1
        continue
      }
      take(Array(rest[index..<index + 188]), found)
      index += 188
      position += 188
    }
    rest.removeSubrange(..<index)
  }

  /// The stream is over: what came of the last chunk.
  public mutating func finish(found: (Chunk) -> Void) {
    rest = []
    guard var chunk = open else { return }
    let reached = lastTime.map { $0 + max(lastStep, 0) } ?? chunk.start
    chunk.duration = max(0, reached - chunk.start)
    emit(chunk, found)
    open = nil
  }

  private mutating func take(_ packet: [UInt8], _ found: (Chunk) -> Void) {
    let pid = Self.pid(of: packet)
    let isStart = packet[1] & 0x40 != 0
    let control = packet[3] >> 4 & 3
    note(counter: packet[3] & 15, pid: pid, hasPayload: control & 1 != 0, packet)
    let payload = Self.payload(of: packet)
    let isRandomAccess = control & 2 != 0 && packet[4] > 0 && packet[5] & 0x40 != 0
    if pid == 0 || pid == 0x11 || pid == mapPID {
      if isStart { takeTable(pid, payload, packet) }
      return keepTable(packet, isAssociation: pid == 0)
    }
    if isStart, let main, pid == main.pid, let time = TransportTime.read(payload) {
      begin(at: time, isRandomAccess: isRandomAccess || startsWithParameters(payload), found)
    }
    leading = []
    tail = nil
    open?.bytes += packet
    if open == nil { skippedBytes += 188 }
  }

  private static func pid(of packet: [UInt8]) -> Int {
    Int(packet[1] & 0x1F) << 8 | Int(packet[2])
  }

  /// What follows the header and the adaptation field; empty where the packet has nothing else.
  private static func payload(of packet: [UInt8]) -> ArraySlice<UInt8> {
    let control = packet[3] >> 4 & 3
    guard control & 1 != 0 else { return [] }
    return control & 2 == 0 ? packet[4...] : packet[4...].dropFirst(1 + Int(packet[4]))
  }

  private mutating func keepTable(_ packet: [UInt8], isAssociation: Bool) {
    guard open != nil else {
      leading = isAssociation ? packet : leading.isEmpty ? [] : leading + packet
      return
    }
    if tail == nil {
      tail = open?.bytes.count
      tailHasAssociation = false
    }
    // What stands before the association belongs to the chunk that ends here.
    if isAssociation, !tailHasAssociation {
      tailHasAssociation = true
      tail = open?.bytes.count
    }
    open?.bytes += packet
  }

  /// A unit of the main track begins.
  private mutating func begin(at time: Int64, isRandomAccess: Bool, _ found: (Chunk) -> Void) {
    units += 1
    let time = unwrapped(time)
    let jumped = lastTime.map { abs(time - $0) > Self.jump } ?? false
    if let lastTime, !jumped, time > lastTime { lastStep = time - lastTime }
    let isPicture = main?.isPicture ?? false
    let isOverdue =
      open.map {
        time - $0.start >= Self.longestChunk || $0.bytes.count > Self.largestChunk || jumped
      } ?? false
    let isCut = !isPicture || isRandomAccess || isOverdue
    defer { lastTime = isPicture && !isCut ? max(lastTime ?? time, time) : time }
    guard isCut, !(open == nil && isPicture && !isRandomAccess) else { return }
    var begun: [UInt8] = leading
    if var chunk = open {
      if let tail, tailHasAssociation {
        begun = Array(chunk.bytes[tail...])
        chunk.bytes.removeSubrange(tail...)
      }
      let reached = jumped ? (lastTime ?? chunk.start) + lastStep : time
      chunk.duration = max(0, reached - chunk.start)
      emit(chunk, found)
    }
    open = Chunk(
      position: position - Int64(begun.count), bytes: begun, start: time, duration: 0,
      isIndependent: !isPicture || isRandomAccess,
      hasTables: !begun.isEmpty, isDiscontinuous: jumped, hash: 0)
  }

  private func emit(_ chunk: Chunk, _ found: (Chunk) -> Void) {
    var chunk = chunk
    chunk.hash = chunk.bytes.withUnsafeBytes { frameHash($0) }
    found(chunk)
  }

  private mutating func takeTable(_ pid: Int, _ payload: ArraySlice<UInt8>, _ packet: [UInt8]) {
    let table = Array(payload.dropFirst(1 + Int(payload.first ?? 0)))
    if pid == 0, table.first == 0 {
      association = packet
      var entries = table.dropFirst(8)
      while entries.count >= 8 {
        let entry = Array(entries.prefix(4))
        if entry[0] != 0 || entry[1] != 0 {
          mapPID = Int(entry[2] & 0x1F) << 8 | Int(entry[3])
          return
        }
        entries = entries.dropFirst(4)
      }
    } else if pid == mapPID, table.first == 2, table.count > 12 {
      map = packet
      takeMap(table)
    }
  }

  private mutating func takeMap(_ table: [UInt8]) {
    let length = Int(table[1] & 0x0F) << 8 | Int(table[2])
    let end = min(table.count, 3 + length - 4)
    var index = 12 + (Int(table[10] & 0x0F) << 8 | Int(table[11]))
    var tracks: [(type: UInt8, pid: Int)] = []
    while index + 5 <= end {
      tracks.append((table[index], Int(table[index + 1] & 0x1F) << 8 | Int(table[index + 2])))
      index += 5 + (Int(table[index + 3] & 0x0F) << 8 | Int(table[index + 4]))
    }
    streamTypes = tracks.map(\.type)
    let picture = tracks.first { TransportTypes.picture.contains($0.type) }
    let sound = tracks.first { TransportTypes.sound.contains($0.type) }
    main = (picture ?? sound ?? tracks.first).map { ($0.pid, $0.type, picture != nil) }
  }

  private mutating func note(counter: UInt8, pid: Int, hasPayload: Bool, _ packet: [UInt8]) {
    guard pid != 0x1FFF, hasPayload else { return }
    let before = counters.updateValue(counter, forKey: pid)
    guard let before, counter != before else { return }
    // The bit that announces a jump of the counter.
    let isAnnounced = packet[3] & 0x20 != 0 && packet[4] > 0 && packet[5] & 0x80 != 0
    if !isAnnounced { lostPackets += Int((counter &- before &- 1) & 15) }
  }

  /// The shorter way round from the last time.
  private mutating func unwrapped(_ time: Int64) -> Int64 {
    guard let lastTime else { return time }
    let distance = TransportTime.distance(from: lastTime & TransportTime.mask, to: time)
    return lastTime + distance
  }

  /// Some multiplexers do not mark where decoding can begin.
  private func startsWithParameters(_ payload: ArraySlice<UInt8>) -> Bool {
    guard main?.type == 0x1B, payload.count > 9 else { return false }
    let header = 9 + Int(payload[payload.startIndex + 8])
    return H264Parameters.isAtStart(of: Array(payload.dropFirst(header)))
  }
}

/// Kinds of tracks in a programme's map (ISO/IEC 13818-1 Table 2-34).
public enum TransportTypes {
  public static let picture: Set<UInt8> = [0x01, 0x02, 0x1B, 0x24]
  public static let sound: Set<UInt8> = [0x03, 0x04, 0x0F, 0x11, 0x81, 0x82, 0x83, 0x87]
}

/// The 33 bits of 90 kHz in the header of a unit.
enum TransportTime {
  static let mask: Int64 = (1 << 33) - 1

  /// When the unit is shown; nil where it does not say.
  static func read(_ payload: ArraySlice<UInt8>) -> Int64? {
    let head = Array(payload.prefix(14))
    guard head.count == 14, head[0] == 0, head[1] == 0, head[2] == 1, head[7] & 0x80 != 0 else {
      return nil
    }
    let high = Int64(head[9] >> 1 & 7) << 30
    let middle = (Int64(head[10]) << 7 | Int64(head[11] >> 1)) << 15
    return high | middle | Int64(head[12]) << 7 | Int64(head[13] >> 1)
  }

  static func distance(from one: Int64, to other: Int64) -> Int64 {
    let distance = (other - one) & mask
    return distance >= 1 << 32 ? distance - (1 << 33) : distance
  }
}
