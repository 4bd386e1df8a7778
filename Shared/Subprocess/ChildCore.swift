internal import Base
internal import CShims
internal import Glibc
internal import Synchronization

/// The running child behind a `ChildProcess`: its exit, its tails and the ladder that ends it. The
/// loop keeps it until the exit has been collected, so that no child is ever left as a zombie.
///
/// `@unchecked Sendable`: what is not immutable or a `Mutex` is touched on the loop's thread only.
final class ChildCore: @unchecked Sendable {
  private struct Ending {
    var exit: ChildExit?
    var waiters: [Int: @Sendable (ChildExit) -> Void] = [:]
    var lastWaiter = 0
  }

  let pid: pid_t
  let input: ChildInput?
  let outputTail: TailReader?
  let errorTail: TailReader?
  private let pidfd: Int32
  private let loop: ChildLoop
  private let outputs: [ChildOutput]
  private let ending = Mutex(Ending())
  private var ladder: (steps: [StopLadder.Step], timer: ChildLoop.Token?)?
  private var lastAction: StopLadder.Action?

  init(
    pid: pid_t, pidfd: Int32, loop: ChildLoop, input: ChildInput?, outputs: [ChildOutput],
    outputTail: TailReader?, errorTail: TailReader?
  ) {
    self.pid = pid
    self.pidfd = pidfd
    self.loop = loop
    self.input = input
    self.outputs = outputs
    self.outputTail = outputTail
    self.errorTail = errorTail
  }

  func begin() {
    outputTail?.begin()
    errorTail?.begin()
    _ = loop.watch(pidfd, POLLIN) { [self] in collect() }
  }

  /// Calls back at the exit, at once when that has been; from any thread.
  @discardableResult
  func whenEnded(_ action: @escaping @Sendable (ChildExit) -> Void) -> Int {
    let (exit, number) = ending.withLock { ending in
      ending.lastWaiter += 1
      if ending.exit == nil { ending.waiters[ending.lastWaiter] = action }
      return (ending.exit, ending.lastWaiter)
    }
    if let exit { action(exit) }
    return number
  }

  func forgetWaiter(_ number: Int) { ending.withLock { $0.waiters[number] = nil } }

  var exit: ChildExit? { ending.withLock { $0.exit } }

  func signal(_ number: Int32) { loop.perform { [self] in send(number) } }

  /// Begins the ladder. One that is under way goes on, except that `.kill` overtakes it.
  func stop(_ wanted: StopLadder) {
    loop.perform { [self] in
      guard exit == nil, ladder == nil || wanted == .kill else { return }
      loop.forget(ladder?.timer)
      climb(wanted.steps[...])
    }
  }

  private func climb(_ steps: ArraySlice<StopLadder.Step>) {
    guard exit == nil else { return }
    guard let step = steps.first else {
      ladder = ([], nil)
      lastAction = .signal(SIGKILL)
      return send(SIGKILL)
    }
    lastAction = step.action
    switch step.action {
    case .write(let text): input?.offer(text)
    case .closeInput: input?.close()
    case .signal(let number): send(number)
    }
    let timer = loop.after(step.grace) { [self] in climb(steps.dropFirst()) }
    ladder = (Array(steps), timer)
  }

  /// To the whole group; the child has not been collected, so its number is still its own.
  private func send(_ number: Int32) {
    guard exit == nil else { return }
    kill(-pid, number)
    // One that is stopped (SIGSTOP) would not see the signal.
    kill(-pid, SIGCONT)
  }

  private func collect() {
    // Before the exit is collected the zombie keeps its number, hence the group's, from being
    // given to a stranger: now is the time to end what is left of its group.
    kill(-pid, SIGKILL)
    let exit = waitForExit()
    close(pidfd)
    loop.forget(ladder?.timer)
    input?.childIsGone()
    outputTail?.finish()
    errorTail?.finish()
    for output in outputs {
      _ = loop.after(.seconds(1)) { [weak output] in output?.childIsGone() }
    }
    let waiters = ending.withLock { ending in
      ending.exit = exit
      defer { ending.waiters = [:] }
      return ending.waiters
    }
    for waiter in waiters.values { waiter(exit) }
  }

  private func waitForExit() -> ChildExit {
    var code: Int32 = 0
    var status: Int32 = 0
    var (user, system, resident): (Int64, Int64, Int64) = (0, 0, 0)
    var result: Int32
    repeat {
      result = airloom_wait_pidfd(pidfd, &code, &status, &user, &system, &resident)
    } while result < 0 && errno == EINTR
    // Nobody else waits for our children; were it so, the status would be unknown.
    precondition(result == 0, "somebody else collected the exit of a child")
    return ChildExit(
      reason: code == CLD_EXITED ? .exited(status) : .signalled(status), stoppedBy: lastAction,
      userTime: .microseconds(user), systemTime: .microseconds(system),
      maximumResidentBytes: resident * 1024)
  }
}
