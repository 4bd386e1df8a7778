import Base
import Service
import Testing

@testable import airloom

@Suite("Starting a service again")
struct RestartPolicyTests {
  @Test("waits ever longer while it keeps failing, up to a cap")
  func backoff() {
    var generator = SplitMix64(seed: 1)
    var policy = RestartPolicy(service: "recorder", first: .milliseconds(500), cap: .seconds(30))
    for number in 0..<10 {
      let decision = policy.ended(
        code: .software, how: "crashed", after: .seconds(1), using: &generator)
      guard case .restart(let wait, _) = decision else {
        Issue.record("it was given up")
        return
      }
      let ceiling = min(.seconds(30), Duration.milliseconds(500) * (1 << number))
      #expect(wait >= ceiling / 2 && wait <= ceiling, "wait \(number) is \(wait)")
    }
  }

  @Test("begins anew after a healthy run")
  func healthyRun() {
    var generator = SplitMix64(seed: 1)
    var policy = RestartPolicy(service: "recorder", first: .seconds(1), cap: .seconds(30))
    for _ in 1...6 {
      _ = policy.ended(code: .software, how: "crashed", after: .seconds(1), using: &generator)
    }
    _ = policy.ended(code: .software, how: "crashed", after: .seconds(61), using: &generator)
    #expect(policy.failures == 1)
  }

  @Test("tells a crash loop once, in one sentence")
  func loop() {
    var generator = SplitMix64(seed: 1)
    var policy = RestartPolicy(service: "recorder", first: .seconds(1), cap: .seconds(30))
    var sentences: [String?] = []
    for _ in 1...8 {
      let decision = policy.ended(code: nil, how: "crashed", after: .zero, using: &generator)
      if case .restart(_, let sentence) = decision { sentences.append(sentence) }
    }
    #expect(
      sentences.map { $0 == nil } == [false, false, false, false, false, true, true, true])
    #expect(sentences[0] == "recorder crashed; starting it again")
    #expect(
      sentences[4]
        == "recorder ended 5 times in a row, last it crashed: it is tried again at least every "
        + "30.0 seconds, silently; the other services go on")
  }

  @Test("is left to a person where only a person can help", arguments: ExitCode.allCases)
  func left(code: ExitCode) {
    var generator = SplitMix64(seed: 1)
    var policy = RestartPolicy(service: "recorder", first: .seconds(1), cap: .seconds(30))
    let decision = policy.ended(code: code, how: "x", after: .zero, using: &generator)
    let isLeft = if case .leave = decision { true } else { false }
    #expect(isLeft == [.usage, .badData, .notPermitted, .configuration].contains(code))
  }
}
