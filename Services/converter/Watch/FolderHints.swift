internal import Base
internal import CShims
internal import Glibc
internal import Synchronization

/// Says at once where something happens in the folders that are watched (inotify(7)). Only a hint: what
/// it misses (a network file system, too many folders, a queue that ran over) the next scan finds.
///
/// `@unchecked Sendable`: the descriptors never change, and the names are behind a lock.
final class FolderHints: @unchecked Sendable {
  private let inotify: Int32
  private let stopSignal: Int32
  private let folders = Mutex<[Int32: DropPath]>([:])
  private let onHint: @Sendable (DropPath) -> Void
  private let onOverflow: @Sendable () -> Void

  /// nil where the system has no more of them; then only scans find anything.
  ///
  /// Both are called on a thread of its own and must be short.
  init?(
    onHint: @escaping @Sendable (DropPath) -> Void, onOverflow: @escaping @Sendable () -> Void
  ) {
    inotify = airloom_inotify()
    stopSignal = airloom_eventfd()
    self.onHint = onHint
    self.onOverflow = onOverflow
    guard inotify >= 0, stopSignal >= 0 else {
      if inotify >= 0 { close(inotify) }
      if stopSignal >= 0 { close(stopSignal) }
      return nil
    }
  }

  deinit {
    close(inotify)
    close(stopSignal)
  }

  func start() { BackgroundThread(named: "folder hints") { [self] in loop() }.start() }

  /// Ends the thread, which holds the last reference.
  func stop() {
    var one: UInt64 = 1
    _ = write(stopSignal, &one, 8)
  }

  /// Watches the folder behind the descriptor, which is known by that path. Again changes nothing.
  func watch(_ folder: Int32, _ path: DropPath) {
    let watch = airloom_inotify_watch(inotify, folder)
    if watch >= 0 { folders.withLock { $0[watch] = path } }
  }

  private func loop() {
    var buffer = [UInt8](repeating: 0, count: 64 << 10)
    while true {
      var waits = [
        pollfd(fd: inotify, events: Int16(POLLIN), revents: 0),
        pollfd(fd: stopSignal, events: Int16(POLLIN), revents: 0),
      ]
      guard poll(&waits, 2, -1) >= 0 else {
        if errno == EINTR { continue }
        return
      }
      if waits[1].revents != 0 { return }
      let count = read(inotify, &buffer, buffer.count)
      if count > 0 { tell(buffer[..<count]) }
    }
  }

  private func tell(_ events: ArraySlice<UInt8>) {
    events.withUnsafeBufferPointer { bytes in
      var rest = UnsafeBufferPointer(rebasing: bytes[...])
      while let start = rest.baseAddress {
        var (watch, isOverflow, length): (Int32, Bool, Int) = (0, false, 0)
        var name: UnsafePointer<UInt8>?
        let taken = airloom_inotify_event(
          start, rest.count, &watch, &isOverflow, &name, &length)
        guard taken > 0 else { return }
        rest = UnsafeBufferPointer(rebasing: rest.dropFirst(taken))
        if isOverflow {
          onOverflow()
        } else if let folder = folders.withLock({ $0[watch] }) {
          onHint(
            length == 0 ? folder : folder.appending(UnsafeBufferPointer(start: name, count: length))
          )
        }
      }
    }
  }
}
