internal import Base
internal import Glibc
internal import Synchronization

/// The system's time zone database: reads a zone when it is first asked for and keeps it.
///
/// The folder is `$TZDIR`, else `/usr/share/zoneinfo`. UTC is built in, so that a machine without
/// the database can still schedule in UTC. Files are small and local, but reading them blocks: ask
/// from a thread that may.
final class TimeZoneLibrary: Sendable {
  private struct Entry {
    var stamp: Stamp
    var rules: TimeZoneRules
  }

  /// What changes when a package update replaces a zone's file.
  private struct Stamp: Hashable {
    var inode: UInt64
    var size: Int64
    var modifiedAt: Int64

    init?(_ path: String) {
      var status = stat()
      guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
      inode = UInt64(status.st_ino)
      size = Int64(status.st_size)
      modifiedAt = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
    }
  }

  let folder: String
  private let entries = Mutex<[TimeZoneName: Entry]>([:])

  init(folder: String? = nil) {
    let configured = getenv("TZDIR").map { String(cString: $0) }
    self.folder = folder ?? configured.flatMap { $0.isEmpty ? nil : $0 } ?? "/usr/share/zoneinfo"
  }

  /// The zone of that name; errors say what is wrong and what to do.
  func rules(named text: String) throws(TimeZoneError) -> TimeZoneRules {
    guard let name = TimeZoneName(text) else {
      throw TimeZoneError(
        kind: .malformedName,
        description:
          "'\(text.prefix(64))' is not a time zone: write it as 'Europe/Berlin' or 'UTC'.")
    }
    if let known = entries.withLock({ $0[name]?.rules }) { return known }
    if name == .utc { return .utc }
    let (stamp, rules) = try read(name)
    entries.withLock { $0[name] = Entry(stamp: stamp, rules: rules) }
    return rules
  }

  /// Reads again the zones whose files were replaced (an update of tzdata) and says which of them
  /// have other rules now. A file that is gone or damaged leaves the rules as they were.
  func reloadChanged() -> [String] {
    let known = entries.withLock { $0 }
    var changed: [String] = []
    for (name, entry) in known where Stamp(path(of: name)) != entry.stamp {
      guard let (stamp, rules) = try? read(name) else { continue }
      entries.withLock { $0[name] = Entry(stamp: stamp, rules: rules) }
      if rules != entry.rules { changed.append(name.text) }
    }
    return changed.sorted()
  }

  private func path(of name: TimeZoneName) -> String { folder + "/" + name.text }

  private func read(_ name: TimeZoneName) throws(TimeZoneError) -> (Stamp, TimeZoneRules) {
    let path = path(of: name)
    guard let stamp = Stamp(path) else { throw missing(name) }
    guard stamp.size <= 1 << 20 else {
      throw TimeZoneError(
        kind: .damaged,
        description: "The file of time zone \(name) is too large to be one: \(path).")
    }
    let bytes: [UInt8]
    do throws(SystemError) {
      bytes = try DurableFile.read(path)
    } catch {
      throw TimeZoneError(
        kind: .unreadable, description: "Time zone \(name) cannot be read: \(error).")
    }
    let file = try ZoneFile(bytes, subject: name.text)
    return (stamp, TimeZoneRules(name: name.text, file: file))
  }

  private func missing(_ name: TimeZoneName) -> TimeZoneError {
    if access(folder, F_OK) != 0 {
      return TimeZoneError(
        kind: .noDatabase,
        description: "This machine has no time zone database in \(folder): install the package "
          + "'tzdata', or use the time zone 'UTC'.")
    }
    return TimeZoneError(
      kind: .unknown,
      description: "There is no time zone '\(name)': write it as IANA does, such as "
        + "'Europe/Berlin' or 'UTC'.")
  }
}
