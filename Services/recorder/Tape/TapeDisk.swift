import Base
import CShims
import Glibc

/// The file calls that a `TapeWriter` makes; a seam, so that tests can fill the disk, break it, or
/// pull the plug after any call.
protocol TapeDisk: Sendable {
  func makeFolders(_ path: String) throws(SystemError)
  /// Makes a new file; never opens an existing one.
  func create(_ path: String) throws(SystemError) -> Int32
  /// Writes what it can; the number of bytes written.
  func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) -> Int
  /// fdatasync.
  func sync(_ descriptor: Int32) throws(SystemError)
  func close(_ descriptor: Int32)
  /// Never replaces what is there.
  func rename(_ from: String, to path: String) throws(SystemError)
  func syncFolder(_ path: String) throws(SystemError)
  func remove(_ path: String)
  /// Whether it is the disk that was written to before.
  var isPresent: Bool { get }
}

extension TapeDisk {
  var isPresent: Bool { true }
}

struct SystemDisk: TapeDisk {
  func makeFolders(_ path: String) throws(SystemError) { try Syscall.makeFolders(path) }

  func create(_ path: String) throws(SystemError) -> Int32 {
    try Syscall.check("open", path) {
      open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o640)
    }
  }

  func write(
    _ bytes: UnsafeRawBufferPointer, to descriptor: Int32
  ) throws(SystemError) -> Int {
    try Syscall.check("write") { Glibc.write(descriptor, bytes.baseAddress, bytes.count) }
  }

  func sync(_ descriptor: Int32) throws(SystemError) {
    try Syscall.check("fdatasync") { fdatasync(descriptor) }
  }

  func close(_ descriptor: Int32) { _ = Glibc.close(descriptor) }

  func rename(_ from: String, to path: String) throws(SystemError) {
    try Syscall.check("rename", path) { airloom_rename_noreplace(from, path) }
  }

  func syncFolder(_ path: String) throws(SystemError) { try Syscall.syncFolder(path) }

  func remove(_ path: String) { unlink(path) }
}
