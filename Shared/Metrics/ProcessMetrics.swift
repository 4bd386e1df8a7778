internal import Base
internal import Glibc

/// What every process says of itself, under the names that Prometheus' own clients use.
public enum ProcessMetrics {
  public static func register(in registry: MetricsRegistry) {
    let startedAt = Double(SystemTimeSource().now().microseconds) / 1e6
    registry.gauge(
      "process_start_time_seconds", help: "When the process started, in seconds since 1970."
    ) { startedAt }
    registry.counter(
      "process_cpu_seconds_total", help: "CPU time used, in user and system mode."
    ) { cpuSeconds }
    registry.gauge("process_resident_memory_bytes", help: "Memory in use.") {
      Double(residentBytes)
    }
    registry.gauge("process_open_fds", help: "File descriptors that are open.") {
      Double(openDescriptors)
    }
    registry.gauge("process_max_fds", help: "File descriptors that may be open.") {
      var limit = rlimit()
      getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
      return Double(limit.rlim_cur)
    }
    registry.gauge("process_threads", help: "Threads of the process.") { Double(threads) }
  }

  private static var cpuSeconds: Double {
    var usage = rusage()
    getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
    let seconds = usage.ru_utime.tv_sec + usage.ru_stime.tv_sec
    return Double(seconds) + Double(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6
  }

  /// The second number of /proc/self/statm is the resident set in pages (proc(5)).
  private static var residentBytes: Int {
    guard let bytes = try? DurableFile.read("/proc/self/statm") else { return 0 }
    let words = String(decoding: bytes, as: UTF8.self).split(separator: " ")
    return words.count > 1 ? (Int(words[1]) ?? 0) * Int(sysconf(Int32(_SC_PAGESIZE))) : 0
  }

  private static var openDescriptors: Int { max(0, entries(in: "/proc/self/fd") - 1) }

  private static var threads: Int { entries(in: "/proc/self/task") }

  private static func entries(in path: String) -> Int {
    guard let folder = opendir(path) else { return 0 }
    defer { closedir(folder) }
    var count = 0
    while let entry = readdir(folder) {
      // "." and ".." begin with a dot, the numbers that are meant do not.
      if entry.pointee.d_name.0 != CChar(UInt8(ascii: ".")) { count += 1 }
    }
    return count
  }
}
