internal import Base
internal import CShims
internal import Glibc
internal import Messages
internal import Storage

/// Does with a drop what the settings say, once its output is there, checked and committed: moves it
/// to another folder or deletes it. Only if it is still the very file that was converted.
///
/// That it has to be done is in the row from the commit on, so that a process that dies before or in
/// the middle of it finds it again. Every step may be done twice.
struct SourceDisposal: Sendable {
  let doneFolder: String
  let database: Database
  let book: ConversionBook
  let logs: ConversionLogs

  /// Blocks for the disk.
  ///
  /// - Throws: `SystemError` where it has to be tried again later.
  func run(_ row: ConversionRow) async throws {
    guard row.standing.state == .converted, row.file.map({ access($0.path, F_OK) == 0 }) == true,
      let drop = try? OpenDrop(row.path), drop.identity == row.identity, drop.objection() == nil
    else {
      logs.note(row.id, "the drop is not what was converted any more, so it is left alone")
      return try await finish(row, path: row.path)
    }
    switch row.pendingAfter {
    case .delete:
      try Syscall.check("unlink", row.path.text) { row.path.withCString { unlink($0) } }
      try Syscall.syncFolder(row.path.folder.text)
      logs.note(row.id, "deleted the drop, as the settings say")
      try await finish(row, path: row.path)
    case .move:
      let target = try move(drop, row.id)
      logs.note(row.id, "moved the drop to \(target.text), as the settings say")
      try await finish(row, path: target)
    case nil: break
    }
  }

  private func finish(_ row: ConversionRow, path: DropPath) async throws {
    let book = book
    try await database.write { transaction in
      guard let current = try ConversionCatalog.find(row.id, transaction) else { return }
      // An event that changes nothing of the standing; what is said is where the drop is now.
      try book.apply(.renamed, to: current, transaction) { new in
        new.pendingAfter = nil
        new.path = path
      }
    }
  }

  private func move(_ drop: OpenDrop, _ id: JobID) throws -> DropPath {
    try Syscall.makeFolders(doneFolder)
    let folder = DropPath(doneFolder)
    var target = folder.appending(drop.path.name)
    var number = 2
    while true {
      let code = drop.path.withCString { from in
        target.withCString { airloom_rename_noreplace(from, $0) == 0 ? 0 : errno }
      }
      switch code {
      case 0:
        try Syscall.syncFolder(doneFolder)
        try Syscall.syncFolder(drop.path.folder.text)
        return target
      case EEXIST:
        target = folder.appending(Self.numbered(drop.path.name, number))
        number += 1
      case EXDEV: return try copy(drop, to: target, id)
      default: throw SystemError(code: code, call: "rename", subject: drop.path.text)
      }
    }
  }

  /// To another file system: copied, compared and synced before the original goes.
  private func copy(_ drop: OpenDrop, to wish: DropPath, _ id: JobID) throws -> DropPath {
    let temporary = WorkFile.moved(id.text, in: doneFolder)
    unlink(temporary)
    let output = try Syscall.check("open", temporary) {
      open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
    let hasher = SHA256()
    do {
      defer { close(output) }
      var offset: Int64 = 0
      while case let bytes = drop.bytes(at: offset, 1 << 20), !bytes.isEmpty {
        hasher.update(bytes)
        try bytes.withUnsafeBytes { buffer in
          Result { () throws(SystemError) in
            try Syscall.writeAll(buffer, to: output, temporary)
          }
        }.get()
        offset += Int64(bytes.count)
      }
      try Syscall.check("fsync", temporary) { fsync(output) }
    }
    let (hash, size) = try SHA256.hash(fileAt: temporary)
    guard size == drop.identity.bytes, hash == hexadecimal(hasher.finish()),
      drop.objection() == nil
    else {
      unlink(temporary)
      throw SystemError(code: EIO, call: "copy", subject: drop.path.text)
    }
    var target = wish
    var number = 2
    while target.withCString({ airloom_rename_noreplace(temporary, $0) }) != 0 {
      let code = errno
      guard code == EEXIST else {
        throw SystemError(code: code, call: "rename", subject: target.text)
      }
      target = wish.sibling(Self.numbered(drop.path.name, number))
      number += 1
    }
    try Syscall.syncFolder(doneFolder)
    try Syscall.check("unlink", drop.path.text) { drop.path.withCString { unlink($0) } }
    return target
  }

  private static func numbered(_ name: ArraySlice<UInt8>, _ number: Int) -> [UInt8] {
    let dot = name.lastIndex(of: UInt8(ascii: ".")) ?? name.endIndex
    return Array(name[..<dot]) + Array(" (\(number))".utf8) + Array(name[dot...])
  }
}
