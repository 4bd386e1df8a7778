internal import Base
internal import Glibc

/// Whether the archive's disk has room for another episode: an episode can be fetched later, and what
/// is on the air cannot, so the last of a disk is left to tapes.
enum ArchiveRoom {
  /// Never more than this share of the disk, so that a small one can be used at all.
  static let largestShare = 0.05

  /// One sentence where there is less room than the reserve; nil also where that cannot be told. Blocks
  /// for the disk.
  static func objection(_ folder: String, reserve: Int64) -> String? {
    var status = statvfs()
    guard reserve > 0, statvfs(folder, &status) == 0 else { return nil }
    let block = Int64(status.f_frsize)
    let free = Int64(status.f_bavail) * block
    let reserve = min(reserve, Int64(Double(Int64(status.f_blocks) * block) * largestShare))
    return free >= reserve
      ? nil
      : "\(folder) has \(free >> 20) MiB free, less than the \(reserve >> 20) MiB of [media] "
        + "reserve_mib: free some, and downloads go on"
  }
}
