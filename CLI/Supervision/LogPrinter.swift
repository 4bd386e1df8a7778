internal import Base
internal import Glibc
internal import Synchronization

/// Prints the lines of all services, each behind its service's name.
///
/// Lines are queued and written by a thread of their own: a terminal that stands still (Ctrl-S)
/// must not make a service wait for room in its log pipe. What does not fit is dropped and counted.
final class LogPrinter: Sendable {
  static let limit = 10_000

  private struct Queue {
    var lines: [String] = []
    var dropped = 0
    var isWriting = false
  }

  private let descriptor: Int32
  private let hasColours: Bool
  private let width: Int
  private let queue = Mutex(Queue())
  private let wake = Wake()

  init(descriptor: Int32 = STDOUT_FILENO, hasColours: Bool, names: [String]) {
    self.descriptor = descriptor
    self.hasColours = hasColours
    width = names.map(\.count).max() ?? 0
    BackgroundThread(named: "log-printer") { [self] in
      while true {
        wake.wait()
        writeAll()
      }
    }.start()
  }

  /// A line of a service's log.
  func print(_ line: String, of service: String, colour: Int) {
    let name = service + String(repeating: " ", count: width - min(width, service.count))
    guard hasColours else { return add("\(name) | \(line)") }
    add("\u{1B}[\(31 + colour % 6 + 1)m\(name)\u{1B}[0m | \(Self.tinted(line))")
  }

  /// A line of our own.
  func print(_ line: String) {
    add(hasColours ? "\u{1B}[1m\(line)\u{1B}[0m" : line)
  }

  /// Waits until everything is written, at most that long.
  func flush(within limit: Duration) {
    let time = SystemTimeSource()
    let deadline = time.monotonic() + limit
    while queue.withLock({ !$0.lines.isEmpty || $0.isWriting }), time.monotonic() < deadline {
      usleep(2000)
    }
  }

  private func add(_ line: String) {
    queue.withLock { queue in
      guard queue.lines.count < Self.limit else {
        queue.dropped += 1
        return
      }
      queue.lines.append(line)
    }
    wake.signal()
  }

  private func writeAll() {
    while let text = next() {
      var text = text
      // A reader that is gone takes nothing from the services.
      text.withUTF8 {
        _ = try? Syscall.writeAll(UnsafeRawBufferPointer($0), to: descriptor)
      }
    }
  }

  private func next() -> String? {
    queue.withLock { queue in
      queue.isWriting = !queue.lines.isEmpty
      guard !queue.lines.isEmpty else { return nil }
      if queue.dropped > 0 {
        queue.lines.append("(\(queue.dropped) lines were dropped because nobody read them)")
      }
      defer { (queue.lines, queue.dropped) = ([], 0) }
      return queue.lines.joined(separator: "\n") + "\n"
    }
  }

  /// Warnings yellow, errors red; the level is the second word of a line.
  private static func tinted(_ line: String) -> String {
    let words = line.split(separator: " ", maxSplits: 2)
    guard words.count == 3 else { return line }
    switch words[1] {
    case "warning": return "\u{1B}[33m\(line)\u{1B}[0m"
    case "error": return "\u{1B}[31m\(line)\u{1B}[0m"
    default: return line
    }
  }
}

/// A semaphore.
///
/// `@unchecked Sendable`: sem_t is made for being shared between threads and never moves.
private final class Wake: @unchecked Sendable {
  private let semaphore: UnsafeMutablePointer<sem_t>

  init() {
    semaphore = .allocate(capacity: 1)
    sem_init(semaphore, 0, 0)
  }

  deinit {
    sem_destroy(semaphore)
    semaphore.deallocate()
  }

  func signal() { sem_post(semaphore) }

  func wait() { while sem_wait(semaphore) != 0 {} }
}
