internal import Base
internal import Glibc

/// Feeds systemd's watchdog while every source of progress moves; on a thread of its own, so that a
/// blocked pool cannot be mistaken for a dead watchdog, nor hide behind a living one.
struct Watchdog: Sendable {
  let progress: ProgressBoard
  let notifier: SystemdNotifier
  let log: Logger

  /// Runs for as long as the process does.
  func start(interval: Duration) {
    BackgroundThread(named: "watchdog") {
      var wasStalled: [String] = []
      while true {
        usleep(UInt32(clamping: interval.microseconds))
        let stalled = progress.stalled()
        if stalled.isEmpty {
          notifier.alive()
        } else if stalled != wasStalled {
          log.error(
            "work stands still; the watchdog is not fed", ("loops", stalled.joined(separator: " ")))
        }
        wasStalled = stalled
      }
    }.start()
  }
}
