internal import Base
internal import Glibc
internal import TestSupport

/// Several processes whose use of the machine counts together, as the kernel tells it.
struct ProcessGroup {
  private let pids: [Int32]

  init(_ pids: [Int32]) { self.pids = pids }

  /// Every process whose command line holds all of these texts.
  init(matching texts: String...) {
    pids = TemporaryFolder.names(in: "/proc").compactMap { Int32($0) }.filter { pid in
      let line = Machine.text("/proc/\(pid)/cmdline")
      return texts.allSatisfy { line.contains($0) }
    }
  }

  /// How many of them live.
  var count: Int { pids.count { kill($0, 0) == 0 } }

  /// User and system time of those that live, with that of their children that ended (proc_pid_stat).
  var processorTime: Duration {
    let perSecond = sysconf(Int32(_SC_CLK_TCK))
    let ticks = pids.reduce(0) { sum, pid in
      // The name, in parentheses, may hold blanks.
      guard let rest = Machine.text("/proc/\(pid)/stat").split(separator: ")").last else {
        return sum
      }
      return rest.split(separator: " ")[11...14].reduce(sum) { $0 + (Int($1) ?? 0) }
    }
    return .milliseconds(ticks * 1000 / perSecond)
  }

  var proportionalKibibytes: Int {
    pids.reduce(0) { $0 + (ProcessMemory(pid: $1)?.proportional ?? 0) }
  }
}
