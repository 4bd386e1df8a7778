internal import Base
internal import Synchronization

/// Our SSH identity: opened at the start, tried again at each need while it cannot be.
actor IdentityKeeper {
  private let folder: String
  private let onOpened: @Sendable (SSHIdentity) async -> Void
  /// Two uploads at once must not make two pairs.
  private var opening: Task<Result<SSHIdentity, DeliveryError>, Never>?
  private let opened = Mutex<SSHIdentity?>(nil)

  /// `onOpened` is called once, when the identity is first there.
  init(folder: String, onOpened: @escaping @Sendable (SSHIdentity) async -> Void) {
    self.folder = folder
    self.onOpened = onOpened
  }

  nonisolated var privateKeyPath: String { SSHIdentity.privateKeyPath(in: folder) }

  /// nil until it was opened.
  nonisolated var known: SSHIdentity? { opened.withLock { $0 } }

  func current() async throws(DeliveryError) -> SSHIdentity {
    if let known { return known }
    let task = opening ?? open()
    opening = task
    let result = await task.value
    opening = nil
    return try result.get()
  }

  private func open() -> Task<Result<SSHIdentity, DeliveryError>, Never> {
    Task {
      do throws(DeliveryError) {
        let identity = try await SSHIdentity.open(in: folder)
        opened.withLock { $0 = identity }
        await onOpened(identity)
        return .success(identity)
      } catch {
        return .failure(error)
      }
    }
  }
}
