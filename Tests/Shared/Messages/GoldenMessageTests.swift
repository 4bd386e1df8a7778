import Base
import FoundationEssentials
import Messages
import TestSupport
import Testing

/// The words on the wire, held for ever: `Golden/<type>@<number>.json` are messages as some version
/// said them. A file is never changed or removed; a new field or case gets a new number.
@Suite struct GoldenMessageTests {
  private static let folder = DurableFile.folder(of: #filePath)
  private static let golden = TemporaryFolder.names(in: "\(folder)/Golden")

  /// Decodes a message of one type and says it again; throws where the value did not survive.
  private typealias Again = @Sendable (Data) throws -> Data

  private static func entry<Body: Message & Equatable>(_ type: Body.Type) -> (String, Again) {
    (
      Body.type,
      { data in
        let value = try JSONDecoder().decode(Body.self, from: data)
        let said = try JSONEncoder().encode(value)
        guard try JSONDecoder().decode(Body.self, from: said) == value else {
          throw TestFailure("\(Body.type) is another value after it was said again")
        }
        return said
      }
    )
  }

  private static let known: [String: Again] = Dictionary(uniqueKeysWithValues: [
    entry(PutStream.self), entry(RemoveStream.self), entry(PutSchedule.self),
    entry(RemoveSchedule.self), entry(CancelRecording.self), entry(EndRecording.self),
    entry(StreamChanged.self), entry(ScheduleChanged.self), entry(RecordingChanged.self),
    entry(StreamStatusChanged.self), entry(CommandOutcome.self), entry(PutDestination.self),
    entry(RemoveDestination.self), entry(TestDestination.self), entry(Deliver.self),
    entry(RetryDelivery.self), entry(DiscardDelivery.self), entry(DestinationChanged.self),
    entry(DeliveryChanged.self), entry(DeliveryIdentity.self), entry(DeliveryProgress.self),
    entry(Heartbeat.self), entry(ControlRequest.self), entry(ControlReply.self),
    entry(DesiredSet.self), entry(RecordingStarted.self), entry(RecordingFinishing.self),
    entry(RecordingFinished.self), entry(RecordingFailed.self), entry(RecordingSettled.self),
    entry(CaptureChanged.self),
    entry(ConversionReported.self), entry(ConversionChanged.self), entry(ConversionProgress.self),
    entry(RetryConversion.self), entry(CancelConversion.self),
    entry(PutFeed.self), entry(RemoveFeed.self), entry(ImportFeeds.self), entry(RefreshFeed.self),
    entry(FetchEpisode.self), entry(FeedChanged.self), entry(EpisodeChanged.self),
    entry(EpisodeProgress.self), entry(FeederSummary.self),
    entry(RaiseAlert.self), entry(EndAlert.self), entry(AlertChanged.self),
    entry(MailerChanged.self), entry(RetryAlert.self), entry(DismissAlert.self),
    entry(TestMail.self), entry(DeliveriesForgotten.self),
    entry(KeepTape.self), entry(LockTape.self), entry(PutHolidays.self),
    entry(RemoveHolidays.self), entry(HolidaysChanged.self), entry(TapeLocksChanged.self),
  ])

  private static func type(of file: String) -> String {
    String(file.prefix { $0 != "@" })
  }

  private func read(_ file: String) throws -> Data {
    Data(try DurableFile.read("\(Self.folder)/Golden/\(file)"))
  }

  @Test(
    "What an earlier version said is understood and said again with every field", arguments: golden)
  func understood(file: String) throws {
    let again = try #require(Self.known[Self.type(of: file)], "no message type has this name")
    let data = try read(file)
    let before = try JSONDecoder().decode(JSONValue.self, from: data)
    let after = try JSONDecoder().decode(JSONValue.self, from: again(data))
    #expect(after.holds(before), "a field of \(file) was lost or changed: \(after)")
  }

  @Test("Fields of a later version are ignored", arguments: golden)
  func extraFields(file: String) throws {
    let again = try #require(Self.known[Self.type(of: file)])
    let data = try read(file)
    let richer = try JSONDecoder().decode(JSONValue.self, from: data).withExtraFields
    let plain = try JSONDecoder().decode(JSONValue.self, from: again(data))
    let fromRicher = try again(JSONEncoder().encode(richer))
    #expect(try JSONDecoder().decode(JSONValue.self, from: fromRicher).holds(plain))
  }

  @Test("Every message type in the sources has a golden file, and is in this test's list")
  func complete() throws {
    let sources =
      String(
        Self.folder.prefix(upTo: try #require(Self.folder.ranges(of: "/Tests/").last).lowerBound))
      + "/Shared/Messages"
    var declared: Set<String> = []
    for name in TemporaryFolder.names(in: sources) where name.hasSuffix(".swift") {
      let text = String(decoding: try DurableFile.read("\(sources)/\(name)"), as: UTF8.self)
      for line in text.split(separator: "\n") {
        let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
        if line.contains("public static let type = "), parts.count == 3 {
          #expect(declared.insert(String(parts[1])).inserted, "two messages are called \(parts[1])")
        }
      }
    }
    #expect(declared.count >= 58)
    #expect(declared == Set(Self.golden.map(Self.type)))
    #expect(declared == Set(Self.known.keys))
  }
}
