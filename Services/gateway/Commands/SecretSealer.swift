import Base
import CSodium
import HTTPServer

/// Locks a secret that somebody has typed so that the delivery service alone can open it, before it
/// gets anywhere near a log, a database or the bus (libsodium's sealed boxes: X25519, XSalsa20 and
/// Poly1305, with a key pair of its own for each).
enum SecretSealer {
  /// Base64; nil where the key is none.
  static func seal(_ secret: String, for sealingKey: String) -> String? {
    guard sodium_init() >= 0, let key = Base64.bytes(sealingKey),
      key.count == crypto_box_publickeybytes()
    else { return nil }
    let clear = Array(secret.utf8)
    var sealed = [UInt8](repeating: 0, count: clear.count + crypto_box_sealbytes())
    guard crypto_box_seal(&sealed, clear, UInt64(clear.count), key) == 0 else { return nil }
    return Base64.text(sealed)
  }
}
