internal import Base

/// What a process holds of the machine's memory, in KiB, as the kernel counts it (proc_pid_smaps).
struct ProcessMemory {
  /// Every page that is mapped and in memory, shared libraries included.
  let resident: Int
  /// The same with each shared page divided by those who share it.
  let proportional: Int
  /// Pages that no file stands behind: heap, stacks. What a process really costs.
  let anonymous: Int

  init?(pid: Int32) {
    let text = Machine.text("/proc/\(pid)/smaps_rollup")
    var fields: [Substring: Int] = [:]
    for line in text.split(separator: "\n") {
      let parts = line.split(whereSeparator: { $0 == ":" || $0 == " " })
      if parts.count == 3, let value = Int(parts[1]) { fields[parts[0]] = value }
    }
    guard let resident = fields["Rss"], let proportional = fields["Pss"],
      let anonymous = fields["Anonymous"]
    else { return nil }
    self.resident = resident
    self.proportional = proportional
    self.anonymous = anonymous
  }
}
