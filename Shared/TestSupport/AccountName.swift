public import Glibc

/// The name of a user id, or the number where it has none. getpwuid(3) itself answers in a buffer
/// that all threads share, and tests run in parallel.
public func accountName(of id: uid_t) -> String {
  var entry = passwd()
  var found: UnsafeMutablePointer<passwd>?
  var buffer = [CChar](repeating: 0, count: 4096)
  guard getpwuid_r(id, &entry, &buffer, buffer.count, &found) == 0, found != nil else {
    return "\(id)"
  }
  return String(cString: entry.pw_name)
}
