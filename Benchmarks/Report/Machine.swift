internal import Base
internal import Glibc

/// What was measured on, and how busy it was: a figure without that says little.
enum Machine {
  /// Such as `2026-11-21, 2 cores, 24 GiB, Debian GNU/Linux 12 (bookworm), load 0.4`.
  static var description: String {
    let memory = Double(sysconf(Int32(_SC_PHYS_PAGES))) * Double(sysconf(Int32(_SC_PAGESIZE)))
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let date = "\(SystemTimeSource().now())".prefix(16)
    return "\(date)Z, \(cores) cores, \(Int((memory / 1_073_741_824).rounded())) GiB, "
      + "\(system), load \(load)"
  }

  /// Programs that ran or waited to run in the last minute, on average.
  static var load: String {
    text("/proc/loadavg").split(separator: " ").first.map(String.init) ?? "unknown"
  }

  private static var system: String {
    let line = text("/etc/os-release").split(separator: "\n")
      .first { $0.hasPrefix("PRETTY_NAME=") }
    return line.map { $0.dropFirst(12).filter { $0 != "\"" } } ?? "Linux"
  }

  /// Of a small file; empty where it cannot be read.
  static func text(_ path: String) -> String {
    (try? DurableFile.read(path)).map { String(decoding: $0, as: UTF8.self) } ?? ""
  }
}
