internal import Base

/// Runs a service's components: starts them in order, and when the drain begins ends them in
/// reverse order, each before the next, so that what others lean on goes last.
struct ComponentGroup: Sendable {
  let components: [any ServiceComponent]
  let drain: DrainSwitch
  let log: Logger

  /// Returns when all have ended; throws the first error of a component that ended by itself.
  ///
  /// `onReady` is called when all have started, `onDrain` when the end begins.
  func run(
    onReady: @Sendable () async throws -> Void, onDrain: @Sendable (_ reason: String) async -> Void
  ) async throws {
    for component in components {
      try await component.start()
      log.debug("component started", ("component", component.name))
    }
    try await onReady()
    let failures = FirstFailure()
    let tasks = components.map { component in
      Task { await run(component, failures) }
    }
    let reason = await drain.wait() ?? "cancelled"
    await onDrain(reason)
    for (component, task) in zip(components, tasks).reversed() {
      task.cancel()
      await task.value
      log.debug("component ended", ("component", component.name))
    }
    if let error = await failures.first { throw error }
  }

  private func run(_ component: any ServiceComponent, _ failures: FirstFailure) async {
    do {
      try await component.run()
      // Its end is what was asked for.
      if drain.reason != nil { return }
      await failures.add(
        ServiceError(.software, "\(component.name) ended though nobody asked it to"))
    } catch {
      if drain.reason != nil {
        if !(error is CancellationError) {
          log.warning(
            "a component ended badly", ("component", component.name), ("reason", "\(error)"))
        }
        return
      }
      log.error("a component failed", ("component", component.name), ("reason", "\(error)"))
      await failures.add(error)
    }
    drain.pull("\(component.name) failed")
  }
}

private actor FirstFailure {
  private(set) var first: (any Error)?

  func add(_ error: any Error) { if first == nil { first = error } }
}
