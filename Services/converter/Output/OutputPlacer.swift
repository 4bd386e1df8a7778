internal import Base
internal import CShims
internal import Glibc
internal import Messages
internal import Storage

/// From checked files under temporary names to files that everybody sees, exactly once.
///
/// 1. The names that they are about to get are stored.
/// 2. Captions, then picture are renamed; nothing is ever replaced.
/// 3. The folder is synced.
/// 4. The row says `converted`, and the report is logged, in one transaction.
///
/// After a kill between any two steps the stored names say what was under way: `settle` finds which
/// files have their names already and goes on, or says that everything must be made again.
struct OutputPlacer: Sendable {
  let folder: String
  let after: ConversionRow.PendingAfter?
  let database: Database
  let book: ConversionBook

  /// What was made and checked, under temporary names.
  struct Made: Sendable {
    var sha256: String
    var bytes: Int64
    var durationUs: Int64
    var captions: ConversionCaptions?
  }

  /// Steps 1 to 4. Blocks for the disk.
  ///
  /// - Returns: the row as it is now; nil where it is not this conversion's turn any more.
  func place(_ made: Made, of id: JobID) async throws -> ConversionRow? {
    // A stranger may take a name between its choice and the rename.
    for _ in 0..<1000 {
      guard let row = try await intend(made, id) else { return nil }
      if try await rename(row) { return try await commit(id) }
    }
    throw ConverterError(
      .output, "\(folder) has a file of every name that is tried: look what makes them.")
  }

  /// Goes on with what a process that died had begun to place; false where there is nothing whole.
  func settle(_ row: ConversionRow) async throws -> Bool {
    guard let file = row.file else { return false }
    let temporary = WorkFile.movie(row.id.text, in: folder)
    let isPlaced = try Self.isWhole(file.path, file)
    guard try isPlaced || Self.isWhole(temporary, file) else { return false }
    if let captions = row.captions?.path {
      let isThere = access(WorkFile.captions(row.id.text, in: folder), F_OK) == 0
      guard isThere || access(captions, F_OK) == 0 else { return false }
    }
    guard try await rename(row) else {
      // Another file has the name: choose again.
      var captions = row.captions
      if access(WorkFile.captions(row.id.text, in: folder), F_OK) != 0 { captions?.path = nil }
      let made = Made(
        sha256: file.sha256, bytes: file.bytes, durationUs: file.durationUs, captions: captions)
      return try await place(made, of: row.id) != nil
    }
    return try await commit(row.id) != nil
  }

  // MARK: - Steps

  private func intend(_ made: Made, _ id: JobID) async throws -> ConversionRow? {
    let folder = folder
    return try await database.write { transaction in
      guard var row = try ConversionCatalog.find(id, transaction),
        row.standing.state == .verifying
      else { return nil }
      var number = 1
      var stem = OutputName.stem(of: row.path, number: number)
      while access("\(folder)/\(stem).mp4", F_OK) == 0 || access("\(folder)/\(stem).srt", F_OK) == 0
      {
        number += 1
        stem = OutputName.stem(of: row.path, number: number)
      }
      row.file = FinishedFile(
        path: "\(folder)/\(stem).mp4", name: "\(stem).mp4", bytes: made.bytes,
        sha256: made.sha256,
        contentType: row.source?.contains("×") == false
          ? "audio/mp4" : "video/mp4", durationUs: made.durationUs, gaps: [])
      row.captions = made.captions
      if made.captions?.path != nil { row.captions?.path = "\(folder)/\(stem).srt" }
      try ConversionCatalog.update(row, transaction)
      return row
    }
  }

  /// False where another file has one of the names.
  private func rename(_ row: ConversionRow) async throws -> Bool {
    guard let file = row.file else { return false }
    let movie = WorkFile.movie(row.id.text, in: folder)
    if let captions = row.captions?.path {
      let temporary = WorkFile.captions(row.id.text, in: folder)
      guard try Self.move(temporary, to: captions, isDone: access(temporary, F_OK) != 0) else {
        return false
      }
    }
    guard try Self.move(movie, to: file.path, isDone: access(movie, F_OK) != 0) else {
      // The captions must not stay under the name of a file that is not theirs.
      if let captions = row.captions?.path {
        _ = airloom_rename_noreplace(captions, WorkFile.captions(row.id.text, in: folder))
      }
      return false
    }
    try Syscall.syncFolder(folder)
    return true
  }

  private static func move(
    _ temporary: String, to path: String, isDone: Bool
  ) throws(SystemError) -> Bool {
    if isDone { return access(path, F_OK) == 0 }
    guard airloom_rename_noreplace(temporary, path) != 0 else { return true }
    let code = errno
    guard code == EEXIST else { throw SystemError(code: code, call: "rename", subject: path) }
    return false
  }

  private func commit(_ id: JobID) async throws -> ConversionRow? {
    let (book, after) = (book, after)
    return try await database.write { transaction in
      guard let row = try ConversionCatalog.find(id, transaction) else { return nil }
      return try book.apply(.converted, to: row, transaction) { $0.pendingAfter = after }
    }
  }

  private static func isWhole(_ path: String, _ file: FinishedFile) throws -> Bool {
    guard access(path, F_OK) == 0 else { return false }
    let (hash, size) = try SHA256.hash(fileAt: path)
    return hash == file.sha256 && size == file.bytes
  }
}
