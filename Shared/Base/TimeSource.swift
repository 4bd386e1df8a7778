internal import CShims
internal import Glibc
internal import Synchronization

/// Where a component reads the time. Injected, so that decisions can be tested at any hour.
public protocol TimeSource: Sendable {
  /// Wall time; may step.
  func now() -> Instant
  /// Elapsed time; never steps.
  func monotonic() -> Monotonic
}

/// The machine's clocks.
public struct SystemTimeSource: TimeSource {
  public init() {}

  public func now() -> Instant {
    let time = read(CLOCK_REALTIME)
    return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1000)
  }

  public func monotonic() -> Monotonic {
    let time = read(CLOCK_MONOTONIC)
    return Monotonic(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
  }

  private func read(_ clock: clockid_t) -> timespec {
    var time = timespec()
    // Cannot fail for these two clocks and a valid pointer (clock_gettime(2)).
    clock_gettime(clock, &time)
    return time
  }
}

/// A clock that moves only when told to; for tests and simulations.
public final class ManualTimeSource: TimeSource {
  private struct State {
    var now: Instant
    var monotonic = Monotonic(nanoseconds: 0)
  }

  private let state: Mutex<State>

  public init(now: Instant = Instant(seconds: 1_800_000_000)) { state = Mutex(State(now: now)) }

  public func now() -> Instant { state.withLock { $0.now } }

  public func monotonic() -> Monotonic { state.withLock { $0.monotonic } }

  /// Both clocks move on together.
  public func advance(by duration: Duration) {
    state.withLock {
      $0.now += duration
      $0.monotonic = $0.monotonic + duration
    }
  }

  /// Wall time jumps, as when an administrator or NTP steps it; elapsed time does not.
  public func stepWallClock(by duration: Duration) { state.withLock { $0.now += duration } }
}
