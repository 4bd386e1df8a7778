import Base

/// Reads how much memory there is for this process: its control group (version 2, else 1), pressure
/// stall information, and the machine's. What a kernel or a container does not show stays nil.
struct MemoryReader: Sendable {
  /// `/`; another one in tests.
  var root = "/"

  func read() -> MemoryPressure.Reading {
    var reading = MemoryPressure.Reading()
    if let lines = text("proc/meminfo") {
      reading.available = kibibytes("MemAvailable", lines)
      reading.total = kibibytes("MemTotal", lines)
    }
    readGroup(into: &reading)
    reading.stalled = stalled("proc/pressure/memory")
    return reading
  }

  private func readGroup(into reading: inout MemoryPressure.Reading) {
    for line in (text("proc/self/cgroup") ?? "").split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[0] == "0" {
        // In a container the group's own folder is mounted as the root of all groups.
        for folder in ["sys/fs/cgroup\(parts[2])", "sys/fs/cgroup"] {
          if take(folder, "memory.current", ["memory.high", "memory.max"], "file", &reading) {
            break
          }
        }
      } else if parts[1].split(separator: ",").contains("memory") {
        for folder in ["sys/fs/cgroup/memory\(parts[2])", "sys/fs/cgroup/memory"] {
          let isTaken = take(
            folder, "memory.usage_in_bytes", ["memory.limit_in_bytes"], "total_cache", &reading)
          if isTaken { break }
        }
      }
    }
  }

  private func take(
    _ folder: String, _ usage: String, _ limits: [String], _ cache: String,
    _ reading: inout MemoryPressure.Reading
  ) -> Bool {
    guard let used = number("\(folder)/\(usage)") else { return false }
    // "max", or a number beyond any machine, is no limit.
    let bounds = limits.compactMap { number("\(folder)/\($0)") }.filter { $0 < 1 << 50 }
    guard let limit = bounds.min() else { return true }
    let cached = field(cache, text("\(folder)/memory.stat") ?? "") ?? 0
    if reading.limit.map({ limit < $0 }) ?? true {
      reading.limit = limit
      reading.used = max(0, used - cached)
    }
    return true
  }

  /// `some avg10=0.12 avg60=…`
  private func stalled(_ path: String) -> Double? {
    guard let line = text(path)?.split(separator: "\n").first(where: { $0.hasPrefix("some ") }),
      let word = line.split(separator: " ").first(where: { $0.hasPrefix("avg10=") })
    else { return nil }
    return Double(word.dropFirst("avg10=".count))
  }

  private func kibibytes(_ name: String, _ text: String) -> Int64? {
    field(name + ":", text).map { $0 * 1024 }
  }

  private func field(_ name: String, _ text: String) -> Int64? {
    for line in text.split(separator: "\n") {
      let words = line.split(separator: " ", omittingEmptySubsequences: true)
      if words.count >= 2, words[0] == name { return Int64(words[1]) }
    }
    return nil
  }

  private func number(_ path: String) -> Int64? {
    text(path).flatMap { text in Int64(text.filter { !$0.isWhitespace }) }
  }

  private func text(_ path: String) -> String? {
    (try? DurableFile.read(root + path)).map { String(decoding: $0, as: UTF8.self) }
  }
}
