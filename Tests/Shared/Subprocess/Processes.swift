import Base
import Glibc
import Subprocess

/// What the tests look up in /proc.
enum Processes {
  /// The state letter of a process (`Z` is a zombie); nil when there is none.
  static func state(_ pid: Int32) -> String? {
    guard let bytes = try? DurableFile.read("/proc/\(pid)/stat") else { return nil }
    let text = String(decoding: bytes, as: UTF8.self)
    // The name in brackets may contain blanks.
    guard let bracket = text.lastIndex(of: ")") else { return nil }
    return text[bracket...].split(separator: " ").dropFirst().first.map(String.init)
  }

  /// Gone, or dead and only waiting to be collected by init.
  static func isGone(_ pid: Int32) -> Bool {
    let state = state(pid)
    return state == nil || state == "Z" || state == "X"
  }
}

/// A shell as the child, because it can do anything in one line.
func shell(_ script: String) -> ChildCommand { ChildCommand("sh", ["-c", script]) }
