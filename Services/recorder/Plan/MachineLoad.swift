import Glibc

/// How busy the machine is, for whoever chooses among recorders.
enum MachineLoad {
  /// Runnable tasks for each core, over the last minute (getloadavg(3)); nil where the system does not
  /// tell.
  static func perCore() -> Double? {
    var average = 0.0
    let cores = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    guard getloadavg(&average, 1) == 1, cores > 0 else { return nil }
    return (average / Double(cores) * 100).rounded() / 100
  }
}
