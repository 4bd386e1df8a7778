internal import Base
internal import Glibc

/// A child process: started without a shell, watched by pidfd, ended by a ladder, never left behind.
///
/// The child lives no longer than this handle: when the last reference goes, its group gets
/// SIGKILL. When this process dies, even by SIGKILL, the kernel kills the child too (unless
/// `deathSignal` says otherwise). Its group is killed when it exits, so that nothing it started stays.
public final class ChildProcess: Sendable {
  public let pid: Int32
  /// Where the command says `.pipe`.
  public let input: ChildInput?
  public let output: ChildOutput?
  public let errors: ChildOutput?
  private let core: ChildCore
  private let loop: ChildLoop

  private init(
    _ core: ChildCore, _ loop: ChildLoop, output: ChildOutput?, errors: ChildOutput?
  ) {
    self.core = core
    self.loop = loop
    self.output = output
    self.errors = errors
    pid = core.pid
    input = core.input
  }

  deinit { core.stop(.kill) }

  /// Returns once the program runs (its `execve` succeeded).
  public static func start(_ command: ChildCommand) async throws(ChildError) -> ChildProcess {
    let loop: ChildLoop
    do { loop = try ChildLoop.shared() } catch { throw ChildError(error) }
    let result = await withCheckedContinuation { continuation in
      loop.perform {
        continuation.resume(
          returning: Result { () throws(ChildError) in try launch(command, loop) })
      }
    }
    return try result.get()
  }

  /// On the loop's thread.
  private static func launch(
    _ command: ChildCommand, _ loop: ChildLoop
  ) throws(ChildError) -> ChildProcess {
    let streams: StandardStreams
    do { streams = try StandardStreams(command) } catch { throw ChildError(error) }
    let (pid, pidfd) = try Spawner.spawn(command, streams)
    let output = streams.output.stream(loop)
    let errors = streams.errors.stream(loop)
    let core = ChildCore(
      pid: pid, pidfd: pidfd, loop: loop, input: streams.input.map { ChildInput($0, loop) },
      outputs: [output, errors].compactMap(\.self), outputTail: streams.output.tail(loop),
      errorTail: streams.errors.tail(loop))
    core.begin()
    return ChildProcess(core, loop, output: output, errors: errors)
  }

  /// Waits for the exit. Cancelling the task does not end the wait: stop the child for that.
  public func exit() async -> ChildExit {
    await withCheckedContinuation { continuation in
      core.whenEnded { continuation.resume(returning: $0) }
    }
  }

  /// Waits for the exit, at most that long.
  public func exit(within limit: Duration) async -> ChildExit? {
    await withCheckedContinuation { continuation in
      let race = FirstOf { continuation.resume(returning: $0) }
      let waiter = core.whenEnded { race.settle($0) }
      let timer = loop.after(limit) { [core] in
        core.forgetWaiter(waiter)
        race.settle(nil)
      }
      race.whenSettled { [loop] in loop.forget(timer) }
    }
  }

  /// How it ended; nil while it runs.
  public var ending: ChildExit? { core.exit }

  /// Ends the child and waits for that. A second call joins the ladder that is under way, except
  /// that `.kill` acts at once.
  @discardableResult
  public func stop(_ ladder: StopLadder = .standard) async -> ChildExit {
    core.stop(ladder)
    return await exit()
  }

  /// Begins to end the child without waiting; for cancellation handlers.
  public func requestStop(_ ladder: StopLadder = .standard) { core.stop(ladder) }

  /// To the child's whole group; nothing after its exit.
  public func signal(_ number: Int32) { core.signal(number) }

  /// The last that it wrote, where the command says `.tail`; whole once it has ended.
  public var outputTail: [UInt8] { core.outputTail?.bytes ?? [] }
  public var errorTail: [UInt8] { core.errorTail?.bytes ?? [] }

  /// The last lines that it wrote to standard error, as text for a log.
  public var errorText: String {
    String(decoding: errorTail, as: UTF8.self)
  }
}

extension StandardStreams.Reader {
  fileprivate func stream(_ loop: ChildLoop) -> ChildOutput? {
    guard case .pipe(let pipe) = self else { return nil }
    return ChildOutput(pipe, loop)
  }

  fileprivate func tail(_ loop: ChildLoop) -> TailReader? {
    guard case .tail(let pipe, let limit) = self else { return nil }
    return TailReader(pipe, limit: limit, loop)
  }
}
