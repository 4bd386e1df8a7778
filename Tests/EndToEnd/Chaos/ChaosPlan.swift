import Base
import Glibc
import TestSupport

/// A chaos run, drawn from its seed: who is killed when and for how long it stays dead. A value.
struct ChaosPlan: Sendable, CustomStringConvertible {
  struct Kill: Sendable {
    /// From the kill before to this one.
    let pause: Duration
    let victim: Service
    /// From the death to the restart.
    let dead: Duration
  }

  let seed: UInt64
  let kills: [Kill]
  let shows: Int

  /// Each show lasts so many seconds, and they begin evenly over the time that the kills take.
  static let showSeconds = 12

  init(seed: UInt64, kills count: Int, shows: Int) {
    self.seed = seed
    self.shows = shows
    var generator = SplitMix64(seed: seed)
    kills = (0..<count).map { _ in
      Kill(
        pause: .milliseconds(Int64.random(in: 100...1700, using: &generator)),
        victim: Service.all[Int.random(in: 0..<Service.all.count, using: &generator)],
        dead: .milliseconds(Int64.random(in: 0...1200, using: &generator)))
    }
  }

  /// AIRLOOM_CHAOS_SEED, AIRLOOM_CHAOS_KILLS and AIRLOOM_CHAOS_SHOWS, or a short run of a new seed.
  static func fromEnvironment() -> ChaosPlan {
    func number(_ name: String) -> UInt64? {
      getenv(name).flatMap { UInt64(String(cString: $0)) }
    }
    return ChaosPlan(
      seed: number("AIRLOOM_CHAOS_SEED")
        ?? UInt64(SystemTimeSource().now().microseconds) % 1_000_000,
      kills: Int(number("AIRLOOM_CHAOS_KILLS") ?? 20),
      shows: Int(number("AIRLOOM_CHAOS_SHOWS") ?? 4))
  }

  /// With Icecast's usual burst a recorder that comes back misses nothing; with odd seeds there is
  /// none, so that audio is really lost and the ledgers are put to the test.
  var burstBytes: Int { seed % 2 == 0 ? 65_536 : 0 }

  var description: String { "\(kills.count) kills, \(shows) shows, burst of \(burstBytes) bytes" }

  /// How long the kills take, all together.
  var length: Duration { kills.reduce(.zero) { $0 + $1.pause } }
}
