import Base
import Messages

/// In which folder a recording's file is made: the recordings folder, or one of a pool's. A value.
///
/// A folder of a pool counts only where it holds the marker file, so that nothing is written into the
/// empty folder under a disk that is not mounted.
struct DestinationPools: Hashable, Sendable {
  enum Policy: String, Hashable, Sendable, CaseIterable {
    case mostFree = "most-free"
    case roundRobin = "round-robin"
    case fillFirst = "fill-first"
  }

  /// What is known of a folder now.
  struct Folder: Hashable, Sendable {
    var path: String
    /// Its marker file is there.
    var isMounted: Bool
    /// nil: it could not be asked.
    var freeBytes: Int64?
  }

  enum Choice: Hashable, Sendable {
    case folder(String)
    /// None of them takes the file now; one sentence.
    case none(String)
  }

  static let marker = ".airloom-pool"

  /// Folders by the pool's name, in the order of the settings.
  private(set) var folders: [String: [String]] = [:]
  var policy = Policy.mostFree
  /// What stays free in each folder.
  var reserveBytes: Int64 = 0
  /// Entries of the settings that say nothing, a sentence each.
  private(set) var problems: [String] = []

  /// `entries`: `name=folder`.
  init(_ entries: [String] = [], policy: Policy = .mostFree, reserveBytes: Int64 = 0) {
    self.policy = policy
    self.reserveBytes = reserveBytes
    for entry in entries {
      let parts = entry.split(separator: "=", maxSplits: 1).map {
        String($0.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
      }
      guard parts.count == 2, !parts[0].isEmpty, parts[1].hasPrefix("/") else {
        problems.append(
          "The pool '\(entry)' is not understood; write name=/folder, such as archive=/mnt/a.")
        continue
      }
      var path = parts[1]
      while path.count > 1, path.hasSuffix("/") { path.removeLast() }
      folders[parts[0], default: []].append(path)
    }
  }

  var allFolders: [String] { folders.values.flatMap(\.self).sorted() }

  /// `turn`: how many files the pool has taken before, for taking turns.
  func choose(_ folders: [Folder], needed: Int64, turn: Int) -> Choice {
    let fit = folders.filter { folder in
      folder.isMounted && (folder.freeBytes ?? 0) - reserveBytes >= needed
    }
    guard let first = fit.first else { return .none(complaint(folders, needed)) }
    switch policy {
    case .fillFirst: return .folder(first.path)
    case .mostFree:
      // Of equal ones the first.
      let best = fit.reduce(first) { ($1.freeBytes ?? 0) > ($0.freeBytes ?? 0) ? $1 : $0 }
      return .folder(best.path)
    case .roundRobin:
      let paths = Set(fit.map(\.path))
      for step in folders.indices {
        let path = folders[(turn + step) % folders.count].path
        if paths.contains(path) { return .folder(path) }
      }
      return .folder(first.path)
    }
  }

  private func complaint(_ folders: [Folder], _ needed: Int64) -> String {
    let reasons = folders.map { folder in
      folder.isMounted
        ? "\(folder.path) has \(max(0, (folder.freeBytes ?? 0) - reserveBytes) >> 20) MiB to spare"
        : "\(folder.path) lacks the file \(DestinationPools.marker) (is it mounted?)"
    }
    return "no folder of the pool takes a file that needs \((needed >> 20) + 1) MiB: "
      + reasons.joined(separator: ", ")
  }
}
