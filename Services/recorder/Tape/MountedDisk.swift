import Base
import Glibc
import Synchronization

/// The disk of tapes, which may be taken away: while it is, nothing new is begun on it, so that
/// captures hold what comes in memory rather than write it where nobody will find it.
final class MountedDisk: TapeDisk {
  private let real: any TapeDisk
  private let absent = Mutex(false)

  init(_ real: any TapeDisk = SystemDisk()) { self.real = real }

  var isPresent: Bool { absent.withLock { !$0 } }

  func setPresent(_ isPresent: Bool) { absent.withLock { $0 = !isPresent } }

  private func check(_ call: String, _ path: String) throws(SystemError) {
    guard isPresent else { throw SystemError(code: ENODEV, call: call, subject: path) }
  }

  func makeFolders(_ path: String) throws(SystemError) {
    try check("mkdir", path)
    try real.makeFolders(path)
  }

  func create(_ path: String) throws(SystemError) -> Int32 {
    try check("open", path)
    return try real.create(path)
  }

  func write(_ bytes: UnsafeRawBufferPointer, to descriptor: Int32) throws(SystemError) -> Int {
    try real.write(bytes, to: descriptor)
  }

  func sync(_ descriptor: Int32) throws(SystemError) { try real.sync(descriptor) }
  func close(_ descriptor: Int32) { real.close(descriptor) }

  func rename(_ from: String, to path: String) throws(SystemError) {
    try check("rename", path)
    try real.rename(from, to: path)
  }

  func syncFolder(_ path: String) throws(SystemError) { try real.syncFolder(path) }
  func remove(_ path: String) { real.remove(path) }
}
