import Base
import Messages
import TestSupport
import Testing

/// Random kill -9 of all six processes while shows are recorded; afterwards the invariants of
/// docs/protocol.md hold.
///
/// A short run in every test run; `make campaign` is the long one. A seed that failed is run again
/// with AIRLOOM_CHAOS_SEED.
@Suite("Chaos")
struct ChaosTests {
  @Test("kill -9 at random moments loses nothing and makes nothing twice", .timeLimit(.minutes(20)))
  func chaos() async throws {
    let plan = ChaosPlan.fromEnvironment()
    print("AIRLOOM_CHAOS_SEED=\(plan.seed): \(plan)")
    let installation = try Installation()
    try await installation.told {
      let studio = try await Studio.start(
        ChaosRun.streams(), in: installation, burstBytes: plan.burstBytes, services: Service.all)
      let run = ChaosRun(plan: plan, studio: studio)
      let end = try await run.scheduleShows()
      let commands = Task { await run.giveCommands() }
      try await run.killAll()
      commands.cancel()
      let given = await commands.value
      try await reach(end)
      try await settle(run)
      try studio.broadcaster.check()
      let answers = try await outcomes(of: given, studio.client)
      studio.broadcaster.stop()
      let endedAt = SystemTimeSource().now()
      #expect(await installation.stop().isEmpty)
      let books = try await Books(
        of: installation.home.path, nodes: Service.all.map(\.node), endedAt: endedAt)
      checkRecordings(books, plan)
      try checkFiles(books, installation)
      try checkDeliveries(books, studio)
      checkCommands(answers, given, books)
      try checkContent(books, studio)
    }
  }

  /// Waits until there is nothing left to be done.
  private func settle(_ run: ChaosRun) async throws {
    for number in 0..<run.plan.shows {
      let name = ChaosRun.showName(number)
      let recording = try await run.studio.client.recording(
        of: name, in: [.committed, .missed], within: .seconds(120))
      guard recording.state == .committed else { continue }
      try await eventually("\(name) is delivered", within: .seconds(120)) {
        await run.studio.client.deliveries(of: recording.id).map(\.state) == [.delivered]
      }
    }
  }

  /// What became of the commands that were only noted.
  private func outcomes(
    of given: [ChaosRun.Given], _ client: RESTClient
  ) async throws -> [String: CommandOutcome] {
    struct Noted: Decodable { let outcome: CommandOutcome? }
    var outcomes: [String: CommandOutcome] = [:]
    for command in given {
      guard case .noted(let id) = command.answer else { continue }
      outcomes[command.id] = try await eventually("\(command.id) has its outcome") {
        await client.find("/api/v1/commands/\(id)", as: Noted.self)?.outcome
      }
    }
    return outcomes
  }

  /// I1, I2 and I5.
  private func checkRecordings(_ books: Books, _ plan: ChaosPlan) {
    #expect(books.recordings.count == plan.shows)
    #expect(Set(books.recordings.map(\.schedule)).count == plan.shows)
    for row in books.recordings {
      switch row.state {
      case "committed":
        #expect(row.canonicalToken == row.token, "\(row)")
        #expect(row.file != nil)
      case "missed": #expect(row.reason?.isEmpty == false, "\(row)")
      default: Issue.record("\(row) is neither committed nor missed")
      }
      let highest = books.results.filter { $0.job == row.id && $0.state == "finished" }.map(\.token)
      if let token = highest.max() { #expect(row.canonicalToken == token) }
    }
    // The source was there all the time, and the recorder never away for long.
    #expect(books.recordings.filter { $0.state == "missed" }.isEmpty, "\(books.recordings)")
    #expect(books.setAside.isEmpty, "\(books.setAside)")
    #expect(books.unacknowledged.isEmpty, "\(books.unacknowledged)")
  }

  /// I7 and the first half of I8.
  private func checkFiles(_ books: Books, _ installation: Installation) throws {
    var named: Set<String> = []
    for result in books.results where result.state == "finished" {
      let file = try #require(result.file)
      #expect(file.path == result.finalPath)
      #expect(try Files.hash(file.path) == file.sha256, "\(file.path)")
      named.insert(file.name)
    }
    #expect(Set(Files.recordings(in: installation.recordings)) == named)
    for row in books.recordings {
      if let file = row.file { #expect(named.contains(file.name)) }
    }
    let parts = Files.all(in: installation.home("media")).filter {
      $0.contains(".part") || $0.contains(".tmp") || $0.contains(".cut")
    }
    #expect(parts.isEmpty, "\(parts)")
  }

  /// The second half of I8.
  private func checkDeliveries(_ books: Books, _ studio: Studio) throws {
    let files = books.recordings.compactMap(\.file)
    #expect(books.deliveries.count == files.count)
    #expect(Set(books.deliveries.map(\.recording)).count == files.count)
    #expect(books.deliveries.allSatisfy { $0.state == "delivered" }, "\(books.deliveries)")
    #expect(studio.archive.files == files.map(\.name).sorted())
    for file in files {
      #expect(try Files.hash("\(studio.archive.server.folder)/\(file.name)") == file.sha256)
    }
  }

  /// I3 and I4.
  private func checkCommands(
    _ outcomes: [String: CommandOutcome], _ given: [ChaosRun.Given], _ books: Books
  ) {
    let made = books.streams.filter { $0.hasPrefix("extra-") }
    #expect(Set(made).count == made.count)
    let promised = Set(given.filter(\.answer.isAcknowledged).map(\.id))
    #expect(promised.subtracting(made).isEmpty, "promised and not done")
    // One more may have been done: the last one, whose answer the end of the run cut off.
    #expect(Set(made).subtracting(promised).count <= 1)
    for (id, outcome) in outcomes where outcome.refusal != nil {
      // A repeat of one that had been done, whose answer was lost.
      #expect(outcome.refusal == .conflict, "\(id): \(outcome)")
    }
    print("\(given.count) commands, \(promised.count) acknowledged, \(made.count) streams made")
  }

  /// What arrived is of the source, once and in order, and its ledger tells what is missing.
  private func checkContent(_ books: Books, _ studio: Studio) throws {
    for row in books.recordings {
      guard let file = row.file, let number = Int(row.schedule.dropFirst("show-".count)) else {
        continue
      }
      let source = try studio.broadcaster.source(ChaosRun.mount(ofShow: number))
      let content = try NumberedFile(mp3: file.path, of: source.frames)
      #expect(
        content.isFaithful,
        "\(row.schedule): \(content.report), \(content.strangeBytes) strange bytes")
      let told = Duration.microseconds(file.lossUs)
      let lacking = Duration.seconds(ChaosPlan.showSeconds) - content.duration
      print("\(row.schedule): \(content.report); missing \(content.missing), told \(told)")
      // To a frame for each gap and for each edge.
      let slack = source.frames.frameDuration.inSeconds * Double(file.gaps.count + 2)
      #expect(abs((told - lacking).inSeconds) <= slack, "\(row.schedule): \(file.gaps)")
    }
  }
}
