import Messages

/// A checked file under its temporary name, and what goes with it.
struct MadeFile: Sendable {
  /// Its path is the temporary one.
  var file: FinishedFile
  let files: WorkFiles
  let fileExtension: String
  let asRun: AsRunLog
  /// Those that are made already, under their temporary names.
  var pictures: [CompanionFile.Kind]
}
