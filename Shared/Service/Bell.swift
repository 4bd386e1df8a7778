/// Wakes one loop; one ring is enough for any number of changes.
///
/// Such a loop looks at what is due in its catalogue, begins it, and has nothing to do until somebody
/// rings or until the time that it named itself. Nothing here has to survive: at its start it looks at
/// everything.
public final class Bell: Sendable {
  private let rings: AsyncStream<Void>
  private let continuation: AsyncStream<Void>.Continuation

  public init() {
    (rings, continuation) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
  }

  public func ring() { continuation.yield() }

  /// Takes turns until the task is cancelled, the first at once; a turn that has begun is ended. `turn`
  /// answers how long nothing will be due. For one loop only, and once in its life.
  public func takeTurns(
    isolation: isolated (any Actor)? = #isolation, _ turn: () async -> Duration
  ) async {
    var alarm: Task<Void, Never>?
    ring()
    // Ends when this task is cancelled.
    for await _ in rings where !Task.isCancelled {
      alarm?.cancel()
      let wait = await turn()
      alarm = Task {
        try? await Task.sleep(for: wait)
        if !Task.isCancelled { ring() }
      }
    }
    alarm?.cancel()
  }
}
