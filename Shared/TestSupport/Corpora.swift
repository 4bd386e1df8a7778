internal import Glibc

/// Data that others wrote to try parsers on; not part of the project. Found as `shared/corpora`
/// beside one of the folders above, or where AIRLOOM_CORPORA says.
public enum Corpora {
  /// The folder of that name; nil when it is not on this machine, and the test should be skipped
  /// with `absence` as its reason.
  public static func folder(_ name: String, above file: String = #filePath) -> String? {
    if let base = getenv("AIRLOOM_CORPORA").map({ String(cString: $0) }) {
      return existing("\(base)/\(name)")
    }
    var parts = file.split(separator: "/")
    while !parts.isEmpty {
      parts.removeLast()
      if let found = existing("/\(parts.joined(separator: "/"))/shared/corpora/\(name)") {
        return found
      }
    }
    return nil
  }

  public static let absence: String =
    "the corpora are not on this machine; AIRLOOM_CORPORA names their folder"

  /// The names of a folder's files that end so, without that ending, sorted.
  public static func names(in folder: String, ending suffix: String) throws -> [String] {
    guard let listing = opendir(folder) else { throw TestFailure("\(folder) cannot be read") }
    defer { closedir(listing) }
    var names: [String] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name.hasSuffix(suffix) { names.append(String(name.dropLast(suffix.count))) }
    }
    return names.sorted()
  }

  private static func existing(_ path: String) -> String? { access(path, R_OK) == 0 ? path : nil }
}
