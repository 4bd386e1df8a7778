import Base
import Testing

@testable import Bus

@Suite("When a dialled socket is replaced")
struct DialSupervisorTests {
  private let start = Monotonic(nanoseconds: 0)

  private func at(_ seconds: Double) -> Monotonic {
    Monotonic(nanoseconds: Int64(seconds * 1e9))
  }

  @Test("An open connection is never due; a lost one is, unless libzmq dials again")
  func lost() {
    var supervisor = DialSupervisor()
    supervisor.dialled(now: start)
    #expect(!supervisor.isDue(now: at(11)) && supervisor.isDue(now: at(12)))
    #expect(supervisor.handle(.open, now: at(1)) == .cameUp)
    #expect(!supervisor.isDue(now: at(10_000)))
    #expect(supervisor.handle(.lost, now: at(20)) == .wentDown)
    #expect(supervisor.handle(.lost, now: at(20)) == nil)
    #expect(supervisor.isDue(now: at(21)))
    #expect(supervisor.handle(.dialling, now: at(20.5)) == nil)
    #expect(!supervisor.isDue(now: at(32)) && supervisor.isDue(now: at(32.5)))
  }

  @Test("Failed handshakes are tried again ever later, at most every 5 s, until one succeeds")
  func backoff() {
    var supervisor = DialSupervisor()
    var waits: [Duration] = []
    for _ in 0..<8 {
      supervisor.dialled(now: start)
      _ = supervisor.handle(.handshakeFailed(.refused(status: 400)), now: start)
      waits.append((supervisor.dueAt ?? start) - start)
    }
    #expect(waits.map(\.inSeconds) == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5, 5])
    _ = supervisor.handle(.open, now: start)
    _ = supervisor.handle(.handshakeFailed(.refused(status: 400)), now: start)
    #expect(supervisor.dueAt == at(0.1))
  }

  @Test("A peer that only hangs up is told about from the second time in a row")
  func vague() {
    var supervisor = DialSupervisor()
    let hungUp = ConnectionEvent.handshakeFailed(.hungUp(errno: 104))
    #expect(supervisor.handle(hungUp, now: start) == .park(reason: nil))
    guard case .park(let reason) = supervisor.handle(hungUp, now: start) else {
      Issue.record("it must be parked again")
      return
    }
    #expect(reason != nil)
    var other = DialSupervisor()
    let refused = HandshakeFailure.refused(status: 400)
    #expect(
      other.handle(.handshakeFailed(refused), now: start) == .park(reason: refused.reason))
  }

  @Test("A storm of failures by strangers becomes a report a second, with the count")
  func throttle() {
    var throttle = FailureThrottle(now: start)
    var reports: [String] = []
    for step in 0..<100 {
      throttle.add("bad key")
      if let report = throttle.next(now: at(Double(step) / 100)) { reports.append(report) }
    }
    #expect(reports == ["bad key", "bad key", "bad key"])
    #expect(throttle.dueAt == at(1))
    #expect(throttle.next(now: at(1)) == "bad key (97 failures since the last report)")
    #expect(throttle.next(now: at(5)) == nil)
  }
}
