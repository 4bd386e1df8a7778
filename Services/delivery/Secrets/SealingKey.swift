internal import Base
internal import CSodium
internal import Glibc

/// The key pair that typed secrets are sealed with: X25519, for libsodium's sealed boxes. Whoever has
/// the public half can lock a secret; only the file `keys/delivery.box` opens it.
struct SealingKey: Sendable {
  /// Base64.
  let publicKey: String
  private let publicBytes: [UInt8]
  private let secretKey: Secret

  /// Reads the pair, or makes it at the first start; one process at a time (the instance lock).
  ///
  /// The file holds the secret half as 64 hexadecimal digits. It is never made anew while it is
  /// there, because everything sealed with it would be lost.
  static func open(in folder: String) throws(DeliveryError) -> SealingKey {
    let path = folder + "/delivery.box"
    do {
      try Syscall.makeFolders(folder, mode: 0o700)
      if access(path, F_OK) != 0 {
        let text = hexadecimal(randomBytes(Int(crypto_box_secretkeybytes()))) + "\n"
        try DurableFile.write(Array(text.utf8), to: path, mode: 0o600)
      }
      let text = String(decoding: try DurableFile.read(path), as: UTF8.self)
        .prefix { $0 != "\n" }
      if let key = SealingKey(Secret(bytes(ofHexadecimal: String(text)))) { return key }
    } catch {
      throw unusable(path, error.reason)
    }
    throw unusable(path, "it does not hold 64 hexadecimal digits")
  }

  private init?(_ secret: Secret) {
    guard sodium_init() >= 0, secret.bytes.count == crypto_box_secretkeybytes() else { return nil }
    var bytes = [UInt8](repeating: 0, count: Int(crypto_box_publickeybytes()))
    guard crypto_scalarmult_base(&bytes, secret.bytes) == 0 else { return nil }
    publicBytes = bytes
    publicKey = Base64.text(bytes)
    secretKey = secret
  }

  /// nil where it was sealed with another key, or is nothing sealed at all.
  func open(_ sealed: String) -> Secret? {
    guard let locked = Base64.bytes(sealed), locked.count >= crypto_box_sealbytes() else {
      return nil
    }
    var clear = [UInt8](repeating: 0, count: locked.count - Int(crypto_box_sealbytes()))
    guard
      crypto_box_seal_open(
        &clear, locked, UInt64(locked.count), publicBytes, secretKey.bytes) == 0
    else { return nil }
    return Secret(clear)
  }

  private static func unusable(_ path: String, _ reason: String) -> DeliveryError {
    DeliveryError(
      .identity,
      "The key \(path) that secrets are sealed with cannot be made or read (\(reason)): restore it from "
        + "a backup; without one move it away, and enter the secrets again.")
  }
}
