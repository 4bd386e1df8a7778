import Base
import Media
import Messages
import Testing

@testable import airloom_recorder

/// What finishing decides without I/O.
struct FinishValueTests {
  static let zero = Instant(seconds: 1_800_000_000)
  static func at(_ seconds: Double) -> Instant { zero + .microseconds(Int64(seconds * 1e6)) }
  static func span(_ from: Double, _ to: Double) -> WindowAccount.Span {
    WindowAccount.Span(start: at(from), end: at(to))
  }

  // MARK: - Where in the file

  @Test func `An instant of the tape is where the holes before it are left out`() {
    let clock = TapeClock(
      [Self.span(0, 10), Self.span(10.001, 20), Self.span(30, 40)], from: Self.at(5),
      to: Self.at(35))
    #expect(clock.length == .seconds(20))
    let places: [(Double, Double)] = [
      (0, 0), (5, 0), (12, 7), (20, 15), (25, 15), (31, 16), (50, 20),
    ]
    for (instant, offset) in places {
      let difference = clock.offset(of: Self.at(instant)) - .microseconds(Int64(offset * 1e6))
      #expect(difference >= .milliseconds(-2) && difference <= .milliseconds(2), "\(instant)")
    }
  }

  @Test func `Spans that overlap count once`() {
    let clock = TapeClock(
      [Self.span(8, 12), Self.span(0, 10)], from: Self.at(0), to: Self.at(100))
    #expect(clock.length == .seconds(12) && clock.offset(of: Self.at(11)) == .seconds(11))
  }

  // MARK: - The as-run log

  static func log(_ titles: [(Double, String)], from: Double = 0, to: Double = 100) -> AsRunLog {
    AsRunLog(
      titles.map { AnnouncedTitle(at: at($0.0), title: $0.1) }, from: at(from), to: at(to),
      clock: TapeClock([span(0, 40), span(60, 100)], from: at(from), to: at(to)))
  }

  @Test func `Titles are cut to the window, and end where another begins or nothing is said`() {
    let log = Self.log(
      [(-50, "Before"), (20, "One"), (30, ""), (70, "Two"), (120, "Later")], from: 10)
    #expect(log.entries.map(\.title) == ["Before", "One", "Two"])
    #expect(log.entries.map(\.start) == [Self.at(10), Self.at(20), Self.at(70)])
    #expect(log.entries.map(\.end) == [Self.at(20), Self.at(30), Self.at(100)])
    #expect(log.entries.map(\.offset) == [.zero, .seconds(10), .seconds(40)])
    #expect(log.entries.map(\.length) == [.seconds(10), .seconds(10), .seconds(30)])
  }

  @Test func `The same title again after a moment is one entry`() {
    let log = Self.log([(5, "One"), (9, ""), (10, "One"), (20, ""), (25, "One")])
    #expect(log.entries.map(\.start) == [Self.at(5), Self.at(25)])
    #expect(log.entries[0].end == Self.at(20) && log.entries[0].length == .seconds(15))
  }

  @Test func `A title of which nothing is on the tape is left out`() {
    #expect(Self.log([(42, "In the hole"), (55, "Heard")]).entries.map(\.title) == ["Heard"])
    #expect(Self.log([(0, "")]).isEmpty && Self.log([]).isEmpty)
  }

  @Test func `The text, the chapters and the cue sheet say the same`() {
    let log = Self.log([(1.5, "A=B; \"C\" - Song\n#1"), (65, "Plain")])
    let start = Self.at(1.5)
    #expect(
      log.text.hasPrefix("00:00:01.500  \(start)  A=B; \"C\" - Song #1\n00:00:45.000  "))
    #expect(
      log.chapters == """
        ;FFMETADATA1
        [CHAPTER]
        TIMEBASE=1/1000
        START=1500
        END=45000
        title=A\\=B\\; "C" - Song \\#1
        [CHAPTER]
        TIMEBASE=1/1000
        START=45000
        END=80000
        title=Plain

        """)
    #expect(
      log.cueSheet(fileName: "Show.mp3", title: "T", performer: nil) == """
        TITLE "T"
        FILE "Show.mp3" MP3
          TRACK 01 AUDIO
            TITLE ""
            INDEX 01 00:00:00
          TRACK 02 AUDIO
            TITLE "Song #1"
            PERFORMER "A=B; 'C'"
            INDEX 01 00:01:37
          TRACK 03 AUDIO
            TITLE "Plain"
            INDEX 01 00:45:00

        """)
  }

  @Test func `A cue sheet has 99 tracks and counts the others`() {
    let sheet = Self.log((0..<120).map { (Double($0) / 4, "T\($0)") })
      .cueSheet(fileName: "a.flac", title: nil, performer: nil)
    #expect(sheet.contains("TRACK 99 AUDIO") && !sheet.contains("TRACK 100"))
    #expect(sheet.hasSuffix("REM 21 further titles\n") && sheet.hasPrefix("FILE \"a.flac\" WAVE\n"))
  }

  // MARK: - Loudness

  static let summary = """
    [Parsed_ebur128_0 @ 0x5600] [info] Summary:

      Integrated loudness:
        I:         -25.9 LUFS
        Threshold: -36.0 LUFS

      Loudness range:
        LRA:         4.1 LU
        Threshold: -46.1 LUFS
        LRA low:   -28.0 LUFS
        LRA high:  -23.9 LUFS

      True peak:
        Peak:      -14.9 dBFS
    """

  @Test func `FFmpeg's summary is read`() throws {
    let report = try #require(LoudnessReport("Summary: of something else\n" + Self.summary))
    #expect(report.integrated == -25.9 && report.threshold == -36 && report.range == 4.1)
    #expect(report.truePeak == -14.9)
    #expect(LoudnessReport("nothing") == nil)
    let silent = try #require(
      LoudnessReport(
        Self.summary.replacing("-25.9", with: "-70.0").replacing("-14.9", with: "-inf")))
    #expect(silent.truePeak == nil && Levelling(to: -23, silent) == nil)
    let filter = try #require(Levelling(to: -16, report)).filter(sampleRate: 44_100)
    #expect(
      filter == "loudnorm=I=-16.0:TP=-1.0:LRA=7.0:measured_I=-25.9:measured_TP=-14.9"
        + ":measured_LRA=4.1:measured_thresh=-36.0:linear=true,aresample=44100"
        + ",aformat=channel_layouts=mono|stereo|5.1|7.1")
  }

  // MARK: - Who works when

  @Test func `So many at once, and the others in their order`() {
    let jobs = (0..<5).map { JobID(unchecked: "job-\($0)") }
    var queue = FinishQueue(limit: 2)
    let begun = jobs.prefix(4).map { queue.enter($0) }
    #expect(begun == [true, true, false, false])
    let afterOne = queue.leave(jobs[1])
    #expect(afterOne == [jobs[2]] && queue.working == [jobs[0], jobs[2]])
    let mayPass = queue.enter(jobs[4])
    #expect(!mayPass && queue.waiting == [jobs[3], jobs[4]])
    let rest = [queue.leave(jobs[0]), queue.leave(jobs[2]), queue.leave(jobs[3])]
    #expect(rest == [[jobs[3]], [jobs[4]], []])
  }

  // MARK: - Pools

  static func folder(_ path: String, free: Int64?, isMounted: Bool = true)
    -> DestinationPools.Folder
  {
    DestinationPools.Folder(path: path, isMounted: isMounted, freeBytes: free)
  }

  @Test func `A pool's folder is chosen by its policy, and none that is full or not mounted`() {
    let folders = [
      Self.folder("/a", free: 50), Self.folder("/b", free: 90), Self.folder("/c", free: 70),
      Self.folder("/d", free: 900, isMounted: false), Self.folder("/e", free: nil),
    ]
    func choices(_ policy: DestinationPools.Policy, needed: Int64 = 10, reserve: Int64 = 0)
      -> [String]
    {
      let pools = DestinationPools(policy: policy, reserveBytes: reserve)
      return (0..<4).map { turn in
        if case .folder(let path) = pools.choose(folders, needed: needed, turn: turn) {
          path
        } else {
          "-"
        }
      }
    }
    #expect(choices(.mostFree) == ["/b", "/b", "/b", "/b"])
    #expect(choices(.fillFirst) == ["/a", "/a", "/a", "/a"])
    #expect(choices(.fillFirst, reserve: 45) == ["/b", "/b", "/b", "/b"])
    #expect(choices(.roundRobin) == ["/a", "/b", "/c", "/a"])
    #expect(choices(.roundRobin, needed: 60) == ["/b", "/b", "/c", "/b"])
    #expect(choices(.mostFree, needed: 100) == ["-", "-", "-", "-"])
    guard case .none(let reason) = DestinationPools().choose(folders, needed: 100, turn: 0) else {
      return #expect(Bool(false), "nothing fits")
    }
    #expect(reason.contains("/d lacks the file .airloom-pool") && reason.contains("/b has"))
  }

  @Test func `Pools are read from the settings, and what says nothing is named`() {
    let pools = DestinationPools(["archive=/mnt/a", "archive = /mnt/b/", "fast=/ssd", "x", "y=z"])
    #expect(pools.folders == ["archive": ["/mnt/a", "/mnt/b"], "fast": ["/ssd"]])
    #expect(pools.problems.count == 2 && pools.problems[1].contains("'y=z'"))
  }

  // MARK: - Names and pictures

  @Test func `Companions are named after the file`() {
    let names = CompanionFile.Kind.allCases.map { CompanionNames.name($0, beside: "A. Show.mp3") }
    #expect(
      names == [
        "A. Show.mp3.sha256", "A. Show.cue", "A. Show.as-run.txt", "A. Show.waveform.png",
        "A. Show.thumbnail.jpg",
      ])
    #expect(CompanionNames.checksum("ab", of: "A B.mp3") == "ab  A B.mp3\n")
    #expect(CompanionNames.checksum("ab", of: "A\\B.mp3") == "\\ab  A\\\\B.mp3\n")
  }

  @Test func `A waveform is as wide as its picture, however many blocks there are`() throws {
    func peaks(_ count: Int) -> String {
      (0..<count).map { block in
        "frame:\(block) pts:0 pts_time:0\nlavfi.astats.Overall.Min_level=-0.\(block % 2 == 0 ? 5 : 1)\n"
          + "lavfi.astats.Overall.Max_level=0.25\n"
      }.joined()
    }
    for count in [1, 7, 1200, 4801] {
      let waveform = try #require(Waveform(peaks: peaks(count)))
      #expect(waveform.columns.count == Waveform.width)
      #expect(waveform.columns.allSatisfy { $0.upperBound == 0.25 })
      #expect(waveform.columns[0].lowerBound == -0.5)
      let pixels = waveform.pixels
      #expect(pixels.count == Waveform.width * Waveform.height * 4)
      #expect(pixels[3] == 0, "nothing is drawn at the top")
      let middle = (Waveform.height / 2 * Waveform.width + 5) * 4
      #expect(pixels[middle + 3] == 255)
    }
    #expect(Waveform(peaks: "") == nil)
    #expect(Waveform(peaks: peaks(1).replacing("0.25", with: "inf")) == nil)
  }
}
