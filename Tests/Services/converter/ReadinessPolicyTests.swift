import Base
import Testing

@testable import airloom_converter

@Suite("When a drop is taken")
struct ReadinessPolicyTests {
  private let policy = ReadinessPolicy(still: .seconds(10), inspectionsAllowed: 3)

  private func at(_ seconds: Int64) -> Monotonic { Monotonic(nanoseconds: seconds * 1_000_000_000) }

  private func file(
    inode: Int64 = 1, bytes: Int64 = 1000, modified: Int64 = 1
  ) -> FileIdentity {
    FileIdentity(device: 1, inode: inode, bytes: bytes, modifiedNs: modified)
  }

  private func look(
    _ watch: DropWatch, _ identity: FileIdentity, lock: String? = nil, at second: Int64
  ) -> (DropWatch, ReadinessPolicy.Step) {
    policy.look(watch, identity, lock: lock, now: at(second))
  }

  @Test("size, time and inode must all have been still for the grace period")
  func still() {
    let changes = [file(bytes: 1001), file(modified: 2), file(inode: 2)]
    for changed in changes {
      let watch = DropWatch(file(), at: at(0))
      #expect(look(watch, file(), at: 9).1 == .wait(.changing))
      let (after, step) = look(watch, changed, at: 9)
      #expect(step == .wait(.changing))
      #expect(look(after, changed, at: 18).1 == .wait(.changing))
      #expect(look(after, changed, at: 19).1 == .inspect)
    }
  }

  @Test("an empty drop waits however long it is still, and a lock file holds it back")
  func emptyAndLocked() {
    let empty = DropWatch(file(bytes: 0), at: at(0))
    #expect(look(empty, file(bytes: 0), at: 1000).1 == .wait(.empty))
    let full = DropWatch(file(), at: at(0))
    #expect(look(full, file(), lock: "a.ts.lock", at: 1000).1 == .wait(.locked(by: "a.ts.lock")))
    #expect(
      ReadinessPolicy.Wait.locked(by: "a.ts.lock").sentence
        == "A lock file lies beside it: a.ts.lock.")
  }

  @Test("a writer that pauses is a writer: stillness begins when it was last seen")
  func writers() {
    let open = WriterEvidence(source: .lease, isOpen: true)
    let watch = DropWatch(file(), at: at(0))
    let (after, step) = policy.sawWriter(watch, open, now: at(30))
    #expect(step == .wait(.openForWriting(open)))
    #expect(look(after, file(), at: 39).1 == .wait(.openForWriting(open)))
    #expect(look(after, file(), at: 40).1 == .inspect)
    let closed = WriterEvidence(source: .processes(isComplete: false), isOpen: false)
    #expect(policy.sawWriter(after, closed, now: at(40)).1 == .inspect)
    let sentence = ReadinessPolicy.Wait.openForWriting(open).sentence
    #expect(sentence == "Somebody has it open for writing (known by a read lease).")
  }

  @Test("what is not whole is looked at again ever later, and in the end it has failed")
  func notWhole() {
    var watch = DropWatch(file(), at: at(0))
    var verdict: ReadinessPolicy.Verdict
    (watch, verdict) = policy.inspected(watch, file(), notWhole: "No index.", now: at(10))
    #expect(verdict == .wait(.notWhole("No index.")))
    #expect(look(watch, file(), at: 19).1 == .wait(.notWhole("No index.")))
    #expect(look(watch, file(), at: 20).1 == .inspect)
    (watch, verdict) = policy.inspected(watch, file(), notWhole: "No index.", now: at(20))
    #expect(look(watch, file(), at: 39).1 == .wait(.notWhole("No index.")))
    (watch, verdict) = policy.inspected(watch, file(), notWhole: "No index.", now: at(40))
    #expect(verdict == .failed("No index."))
    // A change makes it new.
    let (fresh, _) = look(watch, file(bytes: 2000), at: 41)
    #expect(fresh.inspections == 0)
  }

  @Test("what changed, or went, during the inspection is not ready")
  func changedMeanwhile() {
    let watch = DropWatch(file(), at: at(0))
    #expect(policy.inspected(watch, file(), notWhole: nil, now: at(11)).1 == .ready)
    let (after, verdict) = policy.inspected(watch, file(bytes: 1001), notWhole: nil, now: at(11))
    #expect(verdict == .wait(.changing))
    #expect(policy.readyAt(after) == at(21))
    #expect(policy.inspected(watch, nil, notWhole: nil, now: at(11)).1 == .wait(.changing))
  }

  @Test(
    "names tell what may be a drop",
    arguments: [
      ("show.ts", true), ("SHOW.TS", true), ("a.b.mkv", true), ("show.part.ts", true),
      ("-show.mpg", true), ("ein \"Name\"\n.mp4", true),
      (".show.ts", false), (".show.ts.aB3dEf", false), ("~show.ts", false), ("show.ts.part", false),
      ("show.ts.tmp", false), ("show.ts.crdownload", false), ("show.ts.filepart", false),
      ("show.ts.lock", false), ("show.srt", false), ("show", false),
      (".show.ts.airloom-progress", false),
    ])
  func names(name: String, isDrop: Bool) {
    #expect(DropRules.isDrop(Array(name.utf8)[...]) == isDrop)
  }

  @Test(
    "folders that others keep are not entered",
    arguments: [("Series", true), (".hidden", false), ("@eaDir", false), ("lost+found", false)])
  func folders(name: String, isEntered: Bool) {
    #expect(DropRules.isEntered(Array(name.utf8)) == isEntered)
  }
}
