internal import CCrypto

/// AES-128 in CBC mode with PKCS #7 padding, as HLS encrypts segments (RFC 8216 §4.3.2.4).
public enum AES128 {
  /// Bytes of a key, of an initialisation vector and of a block.
  public static let blockSize = 16

  /// nil where key or vector are not 16 bytes long, or the padding is wrong: another key, or not
  /// the whole text.
  public static func decryptCBC(_ bytes: [UInt8], key: [UInt8], iv: [UInt8]) -> [UInt8]? {
    guard key.count == blockSize, iv.count == blockSize, bytes.count % blockSize == 0,
      !bytes.isEmpty, bytes.count < Int32.max, let context = EVP_CIPHER_CTX_new()
    else { return nil }
    defer { EVP_CIPHER_CTX_free(context) }
    guard EVP_DecryptInit_ex(context, EVP_aes_128_cbc(), nil, key, iv) == 1 else { return nil }
    var output = [UInt8](repeating: 0, count: bytes.count + blockSize)
    var length: Int32 = 0
    guard EVP_DecryptUpdate(context, &output, &length, bytes, Int32(bytes.count)) == 1 else {
      return nil
    }
    var last: Int32 = 0
    let isPadded = output.withUnsafeMutableBufferPointer { buffer in
      EVP_DecryptFinal_ex(context, buffer.baseAddress.map { $0 + Int(length) }, &last) == 1
    }
    guard isPadded else { return nil }
    output.removeLast(output.count - Int(length + last))
    return output
  }
}
