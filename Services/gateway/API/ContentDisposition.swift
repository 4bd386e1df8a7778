import Base

/// The file name that a browser offers (RFC 6266).
enum ContentDisposition {
  static func value(_ kind: String, fileName: String) -> String {
    var plain = ""
    var encoded = ""
    for byte in fileName.utf8 {
      switch byte {
      case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
        UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"),
        UInt8(ascii: "_"):
        plain.unicodeScalars.append(Unicode.Scalar(byte))
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        plain += byte == UInt8(ascii: " ") ? " " : "_"
        encoded += "%" + hexadecimal([byte]).uppercased()
      }
    }
    return "\(kind); filename=\"\(plain)\"; filename*=UTF-8''\(encoded)"
  }
}
