internal import CShims
internal import Glibc
internal import Synchronization

/// Wakes its owner at a wall-clock instant, within a fraction of a millisecond on an idle machine,
/// and tells it when the wall clock was stepped.
///
/// A thread of its own waits in poll(2) on a CLOCK_REALTIME timer, because `Task.sleep` runs late
/// by a second when Swift's shared pool is busy. The callback runs on that thread and must be
/// short. One alarm at a time: setting a new one replaces the old. `stop` ends the thread.
///
/// `@unchecked Sendable`: the descriptors are immutable, all other state is in `state`.
public final class AlarmClock: @unchecked Sendable {
  public enum Event: Sendable {
    /// The instant asked for has come.
    case due
    /// The wall clock was set by somebody (ECANCELED, timerfd_create(2)); what was computed from
    /// it should be computed again. The alarm is no longer set.
    case clockStepped
  }

  private struct State {
    var isStopped = false
    /// A step that was seen while the alarm was being set.
    var sawStep = false
  }

  private let timer: Int32
  private let wake: Int32
  private let state = Mutex(State())
  private let onEvent: @Sendable (Event) -> Void

  public init(
    named name: String, onEvent: @escaping @Sendable (Event) -> Void
  ) throws(SystemError) {
    let timer = try Syscall.check("timerfd_create") { airloom_timerfd_realtime() }
    self.timer = timer
    do throws(SystemError) {
      wake = try Syscall.check("eventfd") { airloom_eventfd() }
    } catch {
      close(timer)
      throw error
    }
    self.onEvent = onEvent
    let thread = BackgroundThread(named: name) { [self] in loop() }
    thread.start()
  }

  deinit {
    close(timer)
    close(wake)
  }

  /// Sets the alarm; an instant that is past fires at once, nil clears it.
  public func set(_ instant: Instant?) {
    var deadline = timespec()
    if let instant {
      // Zero would disarm the timer (timerfd_settime(2)), so anything before the epoch is 1 ns.
      deadline.tv_sec = Int(max(0, instant.seconds))
      deadline.tv_nsec = instant.seconds < 0 ? 1 : max(1, instant.microsecondsOfSecond * 1000)
    }
    // With a valid descriptor and a normalised time the one failure is ECANCELED: the clock was
    // stepped since the thread last looked, and it will not be told a second time by reading.
    if airloom_timerfd_arm(timer, deadline) < 0 {
      state.withLock { $0.sawStep = true }
      wakeThread()
    }
  }

  public func stop() {
    state.withLock { $0.isStopped = true }
    wakeThread()
  }

  private func wakeThread() {
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
  }

  private func loop() {
    var descriptors = [
      pollfd(fd: timer, events: Int16(POLLIN), revents: 0),
      pollfd(fd: wake, events: Int16(POLLIN), revents: 0),
    ]
    while true {
      if poll(&descriptors, 2, -1) < 0 { continue }
      // Emptied before the state is taken, so that no wake is lost.
      var expirations: UInt64 = 0
      _ = read(wake, &expirations, 8)
      let now = state.withLock { state in
        defer { state.sawStep = false }
        return state
      }
      if now.isStopped { return }
      if now.sawStep { onEvent(.clockStepped) }
      if read(timer, &expirations, 8) == 8 {
        onEvent(.due)
      } else if errno == ECANCELED {
        onEvent(.clockStepped)
      }
    }
  }
}
