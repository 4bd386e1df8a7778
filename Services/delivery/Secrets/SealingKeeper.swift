internal import Synchronization

/// Our sealing key: opened at the start, tried again at each need while it cannot be. Blocks for a
/// small file until then.
final class SealingKeeper: Sendable {
  private let folder: String
  private let opened = Mutex<SealingKey?>(nil)

  init(folder: String) { self.folder = folder }

  func current() throws(DeliveryError) -> SealingKey {
    let result = opened.withLock { key -> Result<SealingKey, DeliveryError> in
      if let key { return .success(key) }
      do throws(DeliveryError) {
        let made = try SealingKey.open(in: folder)
        key = made
        return .success(made)
      } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }

  /// What others seal with; nil while there is no key.
  var publicKey: String? { (try? current())?.publicKey }

  /// The secret of an access key, just before it is used.
  func open(_ endpoint: S3Endpoint) throws(DeliveryError) -> Secret {
    guard let sealed = endpoint.sealedSecret else {
      throw DeliveryError(
        .missingSecret,
        "The secret of the access key \(endpoint.accessKey) was never entered: edit the destination."
      )
    }
    guard let secret = try current().open(sealed) else {
      throw DeliveryError(
        .missingSecret,
        "The secret of the access key \(endpoint.accessKey) cannot be opened any more, because "
          + "Airloom's sealing key is another one now: enter the secret again.")
    }
    return secret
  }
}
