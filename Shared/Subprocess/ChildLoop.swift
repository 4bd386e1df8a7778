internal import Base
internal import CShims
internal import Glibc
internal import Synchronization

/// The one thread that starts every child of this process, and waits for their exits, pipes and
/// deadlines in poll(2).
///
/// One thread that never ends, because the kernel's "die with your parent" follows the *thread*
/// that started the child; and apart from Swift's shared pool, so that a hung child is killed on
/// time even when the pool is busy. All signals are blocked on it, so that a write to a child that
/// closed its input is an EPIPE rather than the death of the process.
///
/// `@unchecked Sendable`: `watches` and `timers` are touched by the loop's thread only, the rest is
/// immutable or a `Mutex`.
final class ChildLoop: @unchecked Sendable {
  typealias Job = @Sendable () -> Void
  typealias Token = UInt64

  private struct Watch {
    let descriptor: Int32
    let events: Int16
    let action: Job
  }

  private struct Timer {
    let due: Monotonic
    let action: Job
  }

  private static let instance = Mutex<ChildLoop?>(nil)

  private let wake: Int32
  private let time = SystemTimeSource()
  private let inbox = Mutex<[Job]>([])
  private let lastToken = Atomic<Token>(0)
  private var watches: [Token: Watch] = [:]
  private var timers: [Token: Timer] = [:]

  /// The process's loop, started at the first call.
  static func shared() throws(SystemError) -> ChildLoop {
    try instance.withLock { loop throws(SystemError) in
      if let loop { return loop }
      let made = try ChildLoop()
      loop = made
      return made
    }
  }

  private init() throws(SystemError) {
    wake = try Syscall.check("eventfd") { airloom_eventfd() }
    airloom_mend_sigchld()
    BackgroundThread(named: "children") { [self] in
      airloom_block_all_signals()
      while true { turn() }
    }.start()
  }

  /// Runs the job on the loop's thread, in the order of the calls; from any thread.
  func perform(_ job: @escaping Job) {
    let wasEmpty = inbox.withLock { jobs in
      jobs.append(job)
      return jobs.count == 1
    }
    guard wasEmpty else { return }
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
  }

  /// Runs the action on the loop's thread once, when the descriptor is ready, hung up or broken.
  /// The action must keep the descriptor open; from any thread.
  func watch(_ descriptor: Int32, _ events: Int32, _ action: @escaping Job) -> Token {
    let token = lastToken.add(1, ordering: .relaxed).newValue
    let watch = Watch(descriptor: descriptor, events: Int16(events), action: action)
    perform { [self] in watches[token] = watch }
    return token
  }

  /// Runs the action on the loop's thread once, after that long; from any thread.
  func after(_ delay: Duration, _ action: @escaping Job) -> Token {
    let token = lastToken.add(1, ordering: .relaxed).newValue
    let timer = Timer(due: time.monotonic() + delay, action: action)
    perform { [self] in timers[token] = timer }
    return token
  }

  /// Drops a watch or a timer that has not run yet; from any thread.
  func forget(_ token: Token?) {
    guard let token else { return }
    perform { [self] in
      watches[token] = nil
      timers[token] = nil
    }
  }

  private func turn() {
    for job in takeInbox() { job() }
    let tokens = Array(watches.keys)
    var descriptors = [pollfd(fd: wake, events: Int16(POLLIN), revents: 0)]
    for token in tokens {
      guard let watch = watches[token] else { continue }
      descriptors.append(pollfd(fd: watch.descriptor, events: watch.events, revents: 0))
    }
    // A failure is EINTR or ENOMEM: nothing is ready then, and the next turn tries again.
    if poll(&descriptors, nfds_t(descriptors.count), pollTimeout()) > 0 {
      if descriptors[0].revents != 0 {
        var count: UInt64 = 0
        _ = read(wake, &count, 8)
      }
      for (token, descriptor) in zip(tokens, descriptors.dropFirst())
      where descriptor.revents != 0 {
        watches.removeValue(forKey: token)?.action()
      }
    }
    let now = time.monotonic()
    for (token, timer) in timers.filter({ $0.value.due <= now }).sorted(by: { $0.key < $1.key }) {
      timers[token] = nil
      timer.action()
    }
  }

  private func takeInbox() -> [Job] {
    inbox.withLock { jobs in
      defer { jobs = [] }
      return jobs
    }
  }

  /// Milliseconds to the next timer, rounded up; -1 when there is none.
  private func pollTimeout() -> Int32 {
    guard let due = timers.values.map(\.due).min() else { return -1 }
    let wait = (due - time.monotonic()).nanoseconds
    return Int32(clamping: max(0, (wait + 999_999) / 1_000_000))
  }
}
