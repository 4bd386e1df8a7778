import Base
import Media
import Messages
import TestSupport
import Testing

@testable import airloom_recorder

/// What is fetched when, without clocks and servers.
struct HLSReloadPolicyTests {
  static let epoch = Instant(seconds: 1_800_000_000)
  static let base = "http://station/live/list.m3u8"

  /// A policy and what it did.
  struct Bench {
    var policy: HLSReloadPolicy
    var now = Monotonic(nanoseconds: 0)
    var loads = 0
    var fetched: [Int64] = []
    var gaps: [Gap] = []
    var outages: [SourceFailure] = []
    var resumed = 0
    var states: [CaptureState] = []
    var givenUp: SourceFailure?
    /// What the station has; nothing else is stored.
    var missing: Set<Int64> = []

    init(
      resume: HLSResume? = nil, tapeEnd: Instant? = nil, next: Int64 = 0,
      since: Instant = epoch
    ) {
      policy = HLSReloadPolicy(
        resume: resume, tapeEnd: tapeEnd, nextSequence: next, since: since, seed: 1)
      perform(policy.handle(.begin, now: now))
    }

    var wall: Instant { epoch + .nanoseconds(now.nanoseconds) }

    mutating func perform(_ actions: [HLSReloadPolicy.Action]) {
      for action in actions {
        switch action {
        case .load: loads += 1
        case .fetch(let entry):
          if missing.contains(entry.number) {
            perform(
              policy.handle(
                .fetchFailed(entry, SourceFailure(.sourceRefused, "404"), isGone: true),
                now: now))
          } else {
            fetched.append(entry.number)
            perform(policy.handle(.stored(entry), now: now))
          }
        case .gap(let gap): gaps.append(gap)
        case .outage(let failure): outages.append(failure)
        case .resumed: resumed += 1
        case .report(let state, _): states.append(state)
        case .giveUp(let failure): givenUp = failure
        }
      }
    }

    mutating func offer(blocked: SourceFailure? = nil, _ playlist: HLSMediaPlaylist) {
      perform(policy.handle(.loaded(playlist, from: base, wall: wall), now: now))
      for _ in 0..<20 { perform(policy.handle(.tick(blocked: blocked), now: now)) }
    }

    /// Time goes on in steps of 100 ms.
    mutating func wait(_ duration: Duration) {
      let end = now + duration
      while now < end {
        now = now + .milliseconds(100)
        perform(policy.handle(.tick(blocked: nil), now: now))
      }
    }

    mutating func fail(_ failure: SourceFailure) {
      perform(policy.handle(.loadFailed(failure), now: now))
    }
  }

  /// Two-second segments; number 0 began at `epoch`.
  static func list(
    _ numbers: Range<Int64>, dated: Bool = true, prefix: String = "s", gap: Int64? = nil,
    shift: Duration = .zero, isEnded: Bool = false
  ) -> HLSMediaPlaylist {
    var playlist = HLSMediaPlaylist()
    playlist.targetDuration = .seconds(2)
    playlist.mediaSequence = numbers.lowerBound
    playlist.isEnded = isEnded
    for number in numbers {
      var segment = HLSSegment(
        uri: "\(prefix)\(number).ts", duration: .seconds(2), sequence: number)
      if dated {
        segment.programDateTime = epoch + .seconds(number * 2) + shift
        segment.date = segment.programDateTime
      }
      segment.isGap = number == gap
      playlist.segments.append(segment)
    }
    return playlist
  }

  static func label(_ number: Int64) -> Instant { epoch + .seconds(number * 2) }

  @Test func `Everything listed is fetched once, the oldest first`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    bench.offer(Self.list(2..<8))
    bench.offer(Self.list(2..<8))
    #expect(bench.fetched == Array(0..<8))
    #expect(bench.gaps.isEmpty && bench.states.last == .capturing)
    #expect(bench.policy.settledEnd == Self.label(8))
    #expect(bench.policy.entries[5]?.start == Self.label(5))
    #expect(bench.policy.entries[0]?.splice == .first)
    #expect(bench.policy.entries[7]?.splice == .continuous)
  }

  @Test func `The list is loaded after the target duration, after half of it where nothing is new`()
  {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    #expect(bench.loads == 1)
    bench.wait(.milliseconds(1900))
    #expect(bench.loads == 1)
    bench.wait(.milliseconds(400))
    #expect(bench.loads == 2)
    bench.offer(Self.list(0..<6))
    bench.wait(.milliseconds(900))
    #expect(bench.loads == 2)
    bench.wait(.milliseconds(300))
    #expect(bench.loads == 3)
  }

  @Test func `What nobody needs yet is left alone`() {
    var bench = Bench(since: Self.label(3) + .milliseconds(1))
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    #expect(bench.fetched == [3, 4, 5] && bench.gaps.isEmpty)
  }

  @Test func `After a restart it goes on behind the last one, and asks again for a hole`() throws {
    let rows = [5, 4, 2, 1].map { Self.row(Int64($0), offset: 100) }
    let resume = try #require(HLSResume(rows))
    var bench = Bench(resume: resume, tapeEnd: Self.label(6), next: 106)
    bench.now = Monotonic(nanoseconds: 16_000_000_000)
    bench.offer(Self.list(0..<8))
    #expect(bench.fetched == [3, 6, 7] && bench.gaps.isEmpty)
    // The place on the tape is the station's number plus what it always was.
    #expect(bench.policy.entries[3]?.sequence == 103 && bench.policy.entries[7]?.sequence == 107)
    #expect(bench.policy.entries[6]?.splice == .continuous)
  }

  @Test func `A station that began anew while the recorder was away is known by its dates`() throws
  {
    let resume = try #require(HLSResume([1, 0].map { Self.row(Int64($0), offset: 0) }))
    var bench = Bench(resume: resume, tapeEnd: Self.label(2), next: 2)
    bench.now = Monotonic(nanoseconds: 30_000_000_000)
    bench.offer(Self.list(0..<3, shift: .seconds(24)))
    #expect(bench.fetched == [0, 1, 2] && bench.policy.entries[0]?.sequence == 2)
    #expect(bench.gaps.first?.start == Self.label(2) && bench.gaps.first?.end == Self.label(12))
  }

  @Test func `What leaves a gap in the names only joins without one`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    // Another count that overlaps by a second: no label runs backwards.
    bench.offer(Self.list(20..<22, prefix: "x", shift: .seconds(-29)))
    #expect(bench.gaps.isEmpty && bench.policy.entries[20]?.start == Self.label(6))
  }

  @Test func `A list that moves on without its segments stalls, and is given up for exactly those`()
  {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.missing = Set(6..<40)
    bench.offer(Self.list(0..<6))
    #expect(bench.states.last == .capturing)
    for newest in Int64(7)..<40 {
      bench.wait(.seconds(2))
      if bench.givenUp != nil { break }
      bench.offer(Self.list(0..<newest))
      // Nothing is given up that may still come.
      #expect(bench.gaps.isEmpty)
      if bench.now < Monotonic(nanoseconds: 21_000_000_000) {
        #expect(bench.states.last == .capturing)
      }
    }
    #expect(bench.states.last == .stalled)
    #expect(bench.now > Monotonic(nanoseconds: 42_000_000_000))
    #expect(bench.givenUp?.sentence.contains("does not give them: 404") == true)
    #expect(bench.outages.count == 1 && bench.gaps.first?.start == Self.label(6))
    #expect(bench.gaps.last?.end == bench.policy.tapeEnd)
    for (one, next) in zip(bench.gaps, bench.gaps.dropFirst()) { #expect(one.end == next.start) }
    #expect(bench.gaps.allSatisfy { $0.cause == .sourceRefused })
  }

  @Test func `A disk that takes nothing says nothing of the station`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.missing = [6]
    bench.offer(Self.list(0..<7))
    bench.wait(.seconds(2))
    let full = SourceFailure(.diskFull, "The disk is full.")
    for step in 0..<600 {
      if step % 20 == 0 { bench.offer(blocked: full, Self.list(0..<Int64(8 + step / 20))) }
      bench.now = bench.now + .milliseconds(100)
      bench.perform(bench.policy.handle(.tick(blocked: full), now: bench.now))
    }
    #expect(bench.givenUp == nil && bench.outages.isEmpty && bench.gaps.isEmpty)
    // With room it goes on where it was.
    bench.wait(.seconds(2))
    #expect(bench.givenUp == nil && bench.fetched == Array(0..<6) + Array(7..<37))
  }

  @Test func `After a restart that took too long, exactly the rest is missing`() throws {
    let resume = try #require(HLSResume([Self.row(5, offset: 0)]))
    var bench = Bench(resume: resume, tapeEnd: Self.label(6), next: 6)
    bench.now = Monotonic(nanoseconds: 40_000_000_000)
    bench.offer(Self.list(12..<18))
    #expect(bench.fetched == Array(12..<18))
    #expect(bench.gaps.map(\.cause) == [.recorderDown])
    #expect(bench.gaps.first?.start == Self.label(6) && bench.gaps.first?.end == Self.label(12))
    #expect(bench.policy.entries[12]?.splice == .afterGap)
  }

  @Test(arguments: [true, false])
  func `An outage shorter than the list costs nothing, a longer one exactly the rest`(
    _ dated: Bool
  ) {
    let down = SourceFailure(.sourceUnreachable, "Nobody listens.")
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6, dated: dated))
    bench.wait(.seconds(2))
    for _ in 0..<3 {
      bench.fail(down)
      bench.wait(.seconds(1))
    }
    #expect(bench.outages.map(\.cause) == [.sourceUnreachable] && bench.states.last == .waiting)
    bench.wait(.seconds(3))
    bench.offer(Self.list(4..<10, dated: dated))
    #expect(bench.resumed == 2 && bench.gaps.isEmpty && bench.fetched == Array(0..<10))
    #expect(bench.states.last == .capturing)

    bench.wait(.seconds(20))
    for _ in 0..<3 { bench.fail(down) }
    bench.wait(.seconds(4))
    bench.offer(Self.list(16..<22, dated: dated))
    #expect(bench.resumed == 3 && bench.fetched == Array(0..<10) + Array(16..<22))
    #expect(bench.gaps.map(\.cause) == [.sourceUnreachable])
    #expect(bench.gaps.first?.start == bench.policy.entries[9]?.end)
    #expect(bench.gaps.first?.end == bench.policy.entries[16]?.start)
    if dated { #expect(bench.gaps.first?.end == Self.label(16)) }
  }

  @Test func `A list that jumps, and one that says it has nothing, leave exact gaps`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6, gap: 4))
    #expect(bench.fetched == [0, 1, 2, 3, 5])
    #expect(bench.gaps.map(\.cause) == [.sourceGap])
    #expect(bench.gaps.first?.start == Self.label(4) && bench.gaps.first?.end == Self.label(5))
    bench.wait(.seconds(5))
    bench.offer(Self.list(8..<12))
    #expect(bench.gaps.map(\.cause) == [.sourceGap, .sourceExpired])
    #expect(bench.gaps.last?.start == Self.label(6) && bench.gaps.last?.end == Self.label(8))
  }

  @Test func `A segment that is not there is tried until it has left the list`() {
    var bench = Bench()
    bench.missing = [3]
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    bench.wait(.seconds(4))
    #expect(bench.fetched == [0, 1, 2, 4, 5] && bench.gaps.isEmpty)
    // Waited for: the tape is not settled behind it.
    #expect(bench.policy.settledEnd == Self.label(3))
    bench.missing = []
    bench.wait(.seconds(6))
    #expect(bench.fetched == [0, 1, 2, 4, 5, 3])

    bench.missing = [8]
    bench.offer(Self.list(5..<11))
    bench.wait(.seconds(3))
    bench.offer(Self.list(9..<13))
    bench.wait(.seconds(6))
    #expect(bench.gaps.map(\.cause) == [.sourceExpired])
    #expect(bench.gaps.first?.start == Self.label(8) && bench.gaps.first?.end == Self.label(9))
    #expect(bench.policy.settledEnd == Self.label(13))
  }

  @Test func `A station that begins anew is taken from its first segment on, none twice`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 212_000_000_000)
    bench.offer(Self.list(100..<106))
    bench.wait(.seconds(4))
    // The same time goes on under other numbers.
    bench.offer(Self.list(0..<2, prefix: "again", shift: .seconds(212)))
    #expect(bench.fetched == Array(100..<106) + [0, 1])
    #expect(bench.gaps.isEmpty)
    #expect(
      bench.policy.entries[0]?.sequence == 6 && bench.policy.entries[0]?.splice == .discontinuity)
    bench.offer(Self.list(0..<3, prefix: "again", shift: .seconds(212)))
    #expect(bench.fetched.suffix(3) == [0, 1, 2])
  }

  @Test func `What was fetched of the old count says nothing of the new one`() throws {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    let old = try #require(bench.policy.entries[1])
    bench.wait(.seconds(30))
    bench.perform(
      bench.policy.handle(
        .loaded(Self.list(0..<2, shift: .seconds(38)), from: Self.base, wall: bench.wall),
        now: bench.now))
    bench.perform(bench.policy.handle(.stored(old), now: bench.now))
    #expect(bench.policy.entries[1]?.isOpen == true)
  }

  @Test func `Names and numbers that are used again at another time are other segments`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    bench.wait(.seconds(30))
    bench.offer(Self.list(0..<2, shift: .seconds(38)))
    #expect(bench.fetched == Array(0..<6) + [0, 1])
    #expect(bench.gaps.map(\.cause) == [.sourceStalled])
    #expect(bench.gaps.first?.start == Self.label(6) && bench.gaps.first?.end == Self.label(19))
  }

  @Test func `A stale copy of the list is borne`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    bench.offer(Self.list(0..<5))
    bench.offer(Self.list(1..<7))
    bench.offer(Self.list(0..<6))
    #expect(bench.fetched == Array(0..<7) && bench.gaps.isEmpty)
  }

  @Test func `A list that stands still has stalled, and what it left out is told`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6))
    bench.wait(.seconds(5))
    bench.offer(Self.list(0..<6))
    #expect(bench.outages.isEmpty)
    bench.wait(.seconds(2))
    #expect(bench.outages.map(\.cause) == [.sourceStalled] && bench.states.last == .stalled)
    // It goes on twenty seconds later than it should.
    bench.wait(.seconds(20))
    bench.offer(Self.list(6..<8, shift: .seconds(20)))
    #expect(bench.resumed == 2 && bench.gaps.map(\.cause) == [.sourceStalled])
    #expect(bench.gaps.first?.start == Self.label(6) && bench.gaps.first?.end == Self.label(16))
  }

  @Test func `Dates that cannot be are not believed`() throws {
    var bench = Bench(since: Self.epoch)
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6, shift: .seconds(-86_400)))
    #expect(bench.fetched == Array(0..<6))
    // The newest ends now.
    #expect(bench.policy.entries[5]?.end == bench.wall)
    bench.wait(.seconds(4))
    bench.offer(Self.list(2..<8, shift: .seconds(-86_400)))
    #expect(bench.policy.entries[7]?.end == bench.wall && bench.gaps.isEmpty)
  }

  @Test func `An ended list is captured whole and given up, a dead one after some tries`() {
    var bench = Bench()
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.offer(Self.list(0..<6, isEnded: true))
    #expect(bench.fetched == Array(0..<6) && bench.givenUp?.cause == .sourceClosed)
    var dead = Bench()
    for _ in 0..<HLSReloadPolicy.patienceAtFirst {
      #expect(dead.givenUp == nil)
      dead.fail(SourceFailure(.sourceRefused, "404"))
      dead.wait(.seconds(6))
    }
    #expect(dead.givenUp?.cause == .sourceRefused && dead.outages.count == 1)
  }

  @Test func `While the disk is full nothing is fetched, and what leaves the list is told`() {
    var bench = Bench()
    let full = SourceFailure(.diskFull, "No room.")
    bench.now = Monotonic(nanoseconds: 12_000_000_000)
    bench.perform(
      bench.policy.handle(
        .loaded(Self.list(0..<6), from: Self.base, wall: bench.wall), now: bench.now))
    bench.perform(bench.policy.handle(.tick(blocked: full), now: bench.now))
    #expect(bench.fetched.isEmpty)
    bench.perform(
      bench.policy.handle(
        .loaded(Self.list(4..<10), from: Self.base, wall: bench.wall), now: bench.now))
    bench.now = bench.now + .seconds(15)
    bench.perform(bench.policy.handle(.tick(blocked: full), now: bench.now))
    #expect(bench.gaps.map(\.cause) == [.diskFull, .diskFull, .diskFull, .diskFull])
    for _ in 0..<10 { bench.perform(bench.policy.handle(.tick(blocked: nil), now: bench.now)) }
    #expect(bench.fetched == Array(4..<10))
  }

  static func row(_ number: Int64, offset: Int64) -> Segment {
    Segment(
      stream: .radio, sequence: number + offset, start: label(number), bytes: 1,
      content: .media(
        MediaContent(
          container: .transportStream, duration: .seconds(2), codecs: "", height: nil,
          initialisation: nil, isIndependent: true, mediaSequence: number, discontinuity: 0,
          address: "/live/s\(number).ts")), path: "x", splice: .continuous)
  }
}
