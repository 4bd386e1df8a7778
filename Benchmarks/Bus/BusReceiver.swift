internal import Base
internal import Bus
internal import Glibc
internal import Storage
internal import Synchronization

/// The other process of the bus measurement: applies what comes and, when a run is whole, writes to
/// its standard output when each message was committed: `run number nanoseconds`.
enum BusReceiver {
  static let role = "bus-receiver"
  /// Written after the last line of a run.
  static let end = "end"

  static func run(folder: String) async throws {
    let ledger = Ledger()
    var handlers = BusHandlers()
    handlers.on(BenchMessage.self) { message, _, transaction in
      try MessageCatalog.store(message, transaction)
      transaction.afterCommit { ledger.committed(message) }
    }
    let station = try await BenchStation(BenchStation.receiver, folder: folder, handlers: handlers)
    try await station.run()
  }

  /// When each message of the present run was committed.
  private final class Ledger: Sendable {
    private let arrivals = Mutex<[Int64]>([])

    func committed(_ message: BenchMessage) {
      let now = nanosecondsNow()
      let whole = arrivals.withLock { arrivals -> [Int64]? in
        if message.number == 0 { arrivals.reserveCapacity(message.count) }
        arrivals.append(now)
        guard arrivals.count == message.count else { return nil }
        defer { arrivals = [] }
        return arrivals
      }
      guard let whole else { return }
      var text = ""
      for (number, time) in whole.enumerated() { text += "\(message.run) \(number) \(time)\n" }
      text += BusReceiver.end + "\n"
      BusReceiver.print(text)
    }
  }

  private static func print(_ text: String) {
    var rest = Array(text.utf8)[...]
    while !rest.isEmpty {
      let written = rest.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      // The sender has gone; so do we.
      if written < 0 && errno != EINTR { _exit(0) }
      rest = rest.dropFirst(max(0, written))
    }
  }
}
