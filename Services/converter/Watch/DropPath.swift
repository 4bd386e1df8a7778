internal import Base
internal import Glibc
internal import Storage

/// A file's path as the bytes that the file system keeps: names that are not UTF-8 are names too.
struct DropPath: Hashable, Sendable, Bindable {
  /// Without NUL; absolute but for single names.
  let bytes: [UInt8]

  init(bytes: [UInt8]) { self.bytes = bytes }

  init(_ text: String) { bytes = Array(text.utf8) }

  var stored: StoredValue { .blob(bytes) }

  /// For people and for JSON: what is not UTF-8 is replaced.
  var text: String { String(decoding: bytes, as: UTF8.self) }

  /// The last part.
  var name: ArraySlice<UInt8> {
    bytes[(bytes.lastIndex(of: UInt8(ascii: "/")).map { $0 + 1 } ?? 0)...]
  }

  var nameText: String { String(decoding: name, as: UTF8.self) }

  /// What holds it; `/` for what is at the top.
  var folder: DropPath {
    let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? 0
    return DropPath(bytes: slash == 0 ? [UInt8(ascii: "/")] : Array(bytes[..<slash]))
  }

  func appending(_ name: some Sequence<UInt8>) -> DropPath {
    DropPath(bytes: bytes + (bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]) + name)
  }

  /// A file beside it.
  func sibling(_ name: some Sequence<UInt8>) -> DropPath { folder.appending(name) }

  func isInside(_ folder: DropPath) -> Bool {
    bytes.count > folder.bytes.count && bytes.starts(with: folder.bytes)
      && (folder.bytes.last == UInt8(ascii: "/") || bytes[folder.bytes.count] == UInt8(ascii: "/"))
  }

  /// For C calls.
  func withCString<Result>(_ body: (UnsafePointer<CChar>) -> Result) -> Result {
    (bytes + [0]).withUnsafeBytes { buffer in
      guard let start = buffer.bindMemory(to: CChar.self).baseAddress else {
        preconditionFailure("a path has at least its end")
      }
      return body(start)
    }
  }
}
