/// A reader of transport streams for tests, written from the standard and not from the writer:
/// what is wrong with the packets, and the times that PES packets carry.
struct TransportPackets {
  private(set) var faults: [String] = []
  private(set) var presentationTimes: [Int64] = []

  init(_ stream: [UInt8]) {
    var counters: [Int: Int] = [:]
    for start in stride(from: 0, to: stream.count, by: 188) {
      guard start + 188 <= stream.count, stream[start] == 0x47 else {
        faults.append("no packet at \(start)")
        return
      }
      let pid = Int(stream[start + 1] & 0x1F) << 8 | Int(stream[start + 2])
      let control = stream[start + 3] >> 4 & 3
      let counter = Int(stream[start + 3] & 15)
      if let last = counters[pid], (last + 1) & 15 != counter {
        faults.append("the counter of \(pid) goes from \(last) to \(counter) at \(start)")
      }
      counters[pid] = counter
      let field = control & 2 == 0 ? 0 : Int(stream[start + 4]) + 1
      if field > 183 { faults.append("no content at \(start)") }
      let content = stream[(start + 4 + field)..<(start + 188)]
      if stream[start + 1] & 0x40 != 0, content.starts(with: [0, 0, 1]) { read(content) }
    }
  }

  private mutating func read(_ packet: ArraySlice<UInt8>) {
    let start = packet.startIndex
    guard packet.count >= 14, packet[start + 7] & 0x80 != 0 else { return }
    let high = Int64(packet[start + 9] >> 1 & 7) << 30
    let middle = Int64(packet[start + 10]) << 22 | Int64(packet[start + 11] >> 1) << 15
    let low = Int64(packet[start + 12]) << 7 | Int64(packet[start + 13] >> 1)
    presentationTimes.append(high | middle | low)
  }
}
