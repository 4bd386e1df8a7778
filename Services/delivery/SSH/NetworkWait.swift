internal import Base
internal import Glibc

/// Waits for a socket, a point in time or an interruption, whichever comes first.
enum NetworkWait {
  enum Outcome {
    case ready
    case timedOut
    case interrupted
  }

  static func wait(
    for events: Int16, on descriptor: Int32, until deadline: Monotonic,
    interruption: Interruption
  ) -> Outcome {
    let time = SystemTimeSource()
    while true {
      var waiting = [
        pollfd(fd: descriptor, events: events, revents: 0),
        pollfd(fd: interruption.descriptor, events: Int16(POLLIN), revents: 0),
      ]
      let left = (deadline - time.monotonic()).nanoseconds
      // Rounded up, so that the last wait is not a busy loop of zero milliseconds.
      let milliseconds = left <= 0 ? 0 : min(60_000, left / 1_000_000 + 1)
      let count = poll(&waiting, 2, Int32(milliseconds))
      if waiting[1].revents != 0 { return .interrupted }
      if count > 0, waiting[0].revents != 0 { return .ready }
      if left <= 0 { return .timedOut }
    }
  }
}
