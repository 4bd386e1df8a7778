internal import Base
internal import Glibc

/// The programs of this package as they were built with the tests.
public enum BuiltPrograms {
  /// The folder that holds them: the test program's own.
  public static var folder: String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { bytes -> Int in
      guard let start = bytes.bindMemory(to: CChar.self).baseAddress else { return 0 }
      return readlink("/proc/self/exe", start, bytes.count)
    }
    return DurableFile.folder(of: String(decoding: buffer.prefix(max(0, count)), as: UTF8.self))
  }

  /// Such as `airloom-recorder`.
  public static func path(_ name: String) throws -> String {
    let path = "\(folder)/\(name)"
    guard access(path, X_OK) == 0 else {
      throw TestFailure("\(path) is not there: run `swift build` first")
    }
    return path
  }
}
