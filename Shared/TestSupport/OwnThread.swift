internal import Base

/// Runs something that computes for long on a thread of its own. On Swift's shared pool, which has
/// as many threads as the machine has cores, it would stop every other test of the process.
public func onOwnThread<Result: Sendable>(
  _ body: @escaping @Sendable () -> Result
) async -> Result {
  await withCheckedContinuation { continuation in
    BackgroundThread(named: "test") { continuation.resume(returning: body()) }.start()
  }
}
