internal import Base
internal import Service
internal import Synchronization

/// What the dispatcher must know at once: left by commands after their commit, taken at its next
/// step. Nothing here has to survive: at its start the dispatcher looks at everything.
final class Signals: Sendable {
  private struct State {
    var renewedServers: Set<String> = []
    var uploads: [DeliveryID: Interruption] = [:]
    var isPaused = false
  }

  private let state = Mutex(State())
  let work = Bell()

  func wake() { work.ring() }

  /// A person had a reason to believe in this server again: try it without waiting.
  func renew(_ server: String) {
    state.withLock { _ = $0.renewedServers.insert(server) }
    wake()
  }

  func takeRenewedServers() -> Set<String> {
    state.withLock { state in
      defer { state.renewedServers = [] }
      return state.renewedServers
    }
  }

  // MARK: - Running uploads

  func began(_ delivery: DeliveryID, _ interruption: Interruption) {
    state.withLock { $0.uploads[delivery] = interruption }
  }

  func ended(_ delivery: DeliveryID) { state.withLock { $0.uploads[delivery] = nil } }

  func stop(_ delivery: DeliveryID) { state.withLock { $0.uploads[delivery]?.trigger() } }

  func stopAll() {
    state.withLock { state in for upload in state.uploads.values { upload.trigger() } }
  }

  // MARK: - Pause

  var isPaused: Bool { state.withLock { $0.isPaused } }

  /// Paused: no new upload is begun; those running go on.
  func setPaused(_ isPaused: Bool) {
    state.withLock { $0.isPaused = isPaused }
    wake()
  }
}
