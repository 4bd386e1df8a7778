import Base
import Glibc
import Messages

/// What a full or failing disk means for a tape, in one place for frames and for whole segments.
extension SourceFailure {
  /// Why what was captured waits in memory.
  static func storing(_ error: SystemError, in root: String) -> SourceFailure {
    error.isNoRoom
      ? SourceFailure(
        .diskFull,
        "There is no room to write the tape in \(root); free some space, recording goes on from "
          + "memory meanwhile.")
      : SourceFailure(
        .diskFault,
        "The tape cannot be written: \(error); check the disk and the folder's owner.")
  }

  /// What the ledger says of what was given up because all streams together held too much.
  static func memoryUsedUp(_ cause: Gap.Cause) -> String {
    cause == .diskFull
      ? "There was no room to write the tape, and the memory for what waits ([recorder] held_mib) "
        + "was used up; free some space."
      : "The tape could not be written, and the memory for what waits ([recorder] held_mib) was used "
        + "up; check the disk and the folder's owner."
  }
}

extension SystemError {
  var isNoRoom: Bool { code == ENOSPC || code == EDQUOT }
}
