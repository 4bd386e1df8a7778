import Base
import Glibc
import Synchronization
import TestSupport

/// Numbered frames over HTTP at a pace that a test chooses for each connection.
final class PacedServer: Sendable {
  /// Of the programme, in seconds since the server began; frames before second 0 are numbered on from
  /// a large number, so that a burst may reach back.
  typealias Plan = @Sendable (_ connection: Int, _ seconds: Double) -> (from: Double, pace: Double)

  /// The number of the frame at second 0.
  static let origin: UInt64 = 100_000

  private let server: RawServer
  private let count: Counter

  private final class Counter: Sendable {
    let value = Mutex(0)
    func next() -> Int {
      value.withLock {
        $0 += 1
        return $0 - 1
      }
    }
  }

  var url: String { server.url }
  var connections: Int { count.value.withLock { $0 } }

  /// `looping`: so many frames again and again.
  init(_ frames: NumberedFrames, looping: UInt64? = nil, plan: @escaping Plan) throws {
    let clock = SystemTimeSource()
    let begun = clock.monotonic()
    let count = Counter()
    self.count = count
    server = try RawServer { connection, _ in
      let opened = clock.monotonic()
      let (from, pace) = plan(count.next(), (opened - begun).inSeconds)
      connection.send("HTTP/1.0 200 OK\r\nContent-Type: audio/mpeg\r\n\r\n")
      let duration = frames.frameDuration.inSeconds
      let first = Int64(from / duration)
      // Whatever lies before now goes at once.
      var sent: Int64 = 0
      let burst = pace == 1 ? max(0, (opened - begun).inSeconds - from) : 0
      while true {
        let due = burst + (clock.monotonic() - opened).inSeconds * pace
        while Double(sent) * duration < due {
          let number = UInt64(Int64(PacedServer.origin) + first + sent)
          guard connection.send(frames.frame(looping.map { number % $0 } ?? number)) else { return }
          sent += 1
        }
        usleep(20_000)
      }
    }
  }
}
