internal import Base
internal import Glibc
internal import Service
internal import Subprocess
internal import Synchronization

/// Keeps the services running, each on its own: starts it, passes its log on, starts it again by
/// `RestartPolicy` when it ends, and lets it drain in the end.
final class Supervisor: Sendable {
  struct Plan: Sendable {
    let service: String
    let command: ChildCommand
    let restartFirst: Duration
    let restartCap: Duration
  }

  private let plans: [Plan]
  private let ladder: StopLadder
  private let printer: LogPrinter
  private let drain: DrainSwitch
  private let time = SystemTimeSource()
  private let children = Mutex<[String: ChildProcess]>([:])
  private let killed = Atomic(false)

  /// `grace` is how long a service may take to drain before it is killed.
  init(_ plans: [Plan], grace: Duration, printer: LogPrinter, drain: DrainSwitch) {
    self.plans = plans
    ladder = StopLadder([.init(.signal(SIGTERM), grace: grace)])
    self.printer = printer
    self.drain = drain
  }

  /// Returns when the drain is over, or when no service is left that could be started again.
  func run() async {
    await withTaskGroup(of: Void.self) { group in
      for (number, plan) in plans.enumerated() {
        group.addTask { await self.keep(plan, colour: number) }
      }
      let stopping = Task {
        _ = await drain.wait()
        for child in children.withLock({ $0.values }) { child.requestStop(ladder) }
      }
      await group.waitForAll()
      stopping.cancel()
    }
  }

  /// Whether `killAll` was called; the process then ends by the signal that brought it about.
  var isKilled: Bool { killed.load(ordering: .sequentiallyConsistent) }

  /// SIGKILL to every service and what it started; does not wait. For the second Ctrl-C.
  func killAll() {
    killed.store(true, ordering: .sequentiallyConsistent)
    for child in children.withLock({ $0.values }) where child.ending == nil {
      kill(-child.pid, SIGKILL)
    }
  }

  private func keep(_ plan: Plan, colour: Int) async {
    var policy = RestartPolicy(
      service: plan.service, first: plan.restartFirst, cap: plan.restartCap)
    var generator = SystemRandomNumberGenerator()
    while drain.reason == nil {
      let startedAt = time.monotonic()
      let (code, how) = await live(plan, colour: colour)
      if drain.reason != nil { return }
      switch policy.ended(
        code: code, how: how, after: time.monotonic() - startedAt, using: &generator)
      {
      case .leave(let sentence): return printer.print(sentence)
      case .restart(let wait, let sentence):
        if let sentence { printer.print(sentence) }
        await pause(wait)
      }
    }
  }

  /// One life of a service: how it ended, as a code and in words.
  private func live(_ plan: Plan, colour: Int) async -> (ExitCode?, String) {
    let child: ChildProcess
    do {
      child = try await ChildProcess.start(plan.command)
    } catch {
      let code: ExitCode = error.kind == .resourcesExhausted ? .system : .notPermitted
      return (code, "could not be started (\(error))")
    }
    children.withLock { $0[plan.service] = child }
    defer { children.withLock { $0[plan.service] = nil } }
    // The drain may have begun while it started, and would not have seen it.
    if drain.reason != nil { child.requestStop(ladder) }
    if let lines = child.output?.lines {
      for await line in lines { printer.print(line, of: plan.service, colour: colour) }
    }
    let exit = await child.exit()
    if drain.reason != nil, !exit.isOrderly || exit.reason == .signalled(SIGKILL) {
      printer.print("\(plan.service) \(exit) while it drained")
    }
    guard case .exited(let number) = exit.reason else { return (nil, exit.description) }
    return (ExitCode(rawValue: number), exit.description)
  }

  /// Waits, but not beyond the beginning of the drain.
  private func pause(_ duration: Duration) async {
    let sleeping = Task { try? await Task.sleep(for: duration) }
    let watching = Task {
      _ = await drain.wait()
      sleeping.cancel()
    }
    _ = await sleeping.value
    watching.cancel()
  }
}
