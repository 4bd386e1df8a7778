internal import CZmq

/// The public half of a node's CURVE key pair: 32 bytes as 40 characters of Z85 (ZeroMQ RFC 32).
public struct CurvePublicKey: Hashable, Sendable, CustomStringConvertible {
  public let text: String

  /// nil where the text is not 40 characters of Z85.
  public init?(_ text: String) {
    guard CurveText.isKey(text) else { return nil }
    self.text = text
  }

  /// From the 32 raw bytes of a ZAP request; nil for another count.
  init?(bytes: [UInt8]) {
    guard bytes.count == 32 else { return nil }
    var encoded = [CChar](repeating: 0, count: 41)
    guard zmq_z85_encode(&encoded, bytes, 32) != nil else { return nil }
    text = CurveText.string(encoded)
  }

  public var description: String { text }
}

/// A node's own key pair. Its secret half never appears in a description, a log or a mirror.
public struct CurveIdentity: Sendable, CustomStringConvertible, CustomReflectable {
  public let publicKey: CurvePublicKey
  let secretText: String

  /// The pair that belongs to a secret key in Z85; nil where it is not one.
  public init?(secret text: String) {
    guard CurveText.isKey(text) else { return nil }
    var derived = [CChar](repeating: 0, count: 41)
    guard zmq_curve_public(&derived, text) == 0,
      let key = CurvePublicKey(CurveText.string(derived))
    else { return nil }
    publicKey = key
    secretText = text
  }

  /// A new pair from the system's random generator.
  public static func generate() throws(TransportError) -> CurveIdentity {
    var publicText = [CChar](repeating: 0, count: 41)
    var secretText = [CChar](repeating: 0, count: 41)
    guard zmq_curve_keypair(&publicText, &secretText) == 0,
      let identity = CurveIdentity(secret: CurveText.string(secretText))
    else {
      throw TransportError(
        .keys, "This build of ZeroMQ cannot make CURVE keys: install one with libsodium.")
    }
    return identity
  }

  public var description: String { "CurveIdentity(\(publicKey))" }

  public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey.text]) }
}

private enum CurveText {
  static func isKey(_ text: String) -> Bool {
    // libzmq 4.3.4 indexes a table of 96 with each character, unchecked below 0x20.
    guard text.utf8.count == 40, text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
      return false
    }
    var bytes = [UInt8](repeating: 0, count: 32)
    guard zmq_z85_decode(&bytes, text) != nil else { return false }
    // Characters outside the alphabet are not all refused; then the way back differs.
    var encoded = [CChar](repeating: 0, count: 41)
    return zmq_z85_encode(&encoded, bytes, 32) != nil && string(encoded) == text
  }

  static func string(_ characters: [CChar]) -> String {
    String(decoding: characters.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }
}
