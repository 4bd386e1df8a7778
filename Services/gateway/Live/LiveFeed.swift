import HTTPServer
import Storage

/// Tells every open page what has changed, as the same JSON that the REST interface answers.
final class LiveFeed: Sendable {
  /// The names of the events, as the page knows them.
  enum Topic: String, Sendable {
    case stream, schedule, recording, destination, delivery, progress, node, identity
    case conversion, feed, episode, alert, mail, feeder, holidays, locks
    case conversionProgress = "conversion-progress"
    case episodeProgress = "episode-progress"
    /// Everything may have changed: the page asks for all of it again.
    case reload
  }

  private struct Removed: Encodable {
    let id: String
    let removed = true
  }

  let hub = EventHub()

  func tell(_ topic: Topic, _ value: some Encodable) {
    guard hub.clientCount > 0, let text = try? StoredJSON.encode(value) else { return }
    hub.publish(event: topic.rawValue, data: text)
  }

  func tellRemoved(_ topic: Topic, _ id: String) { tell(topic, Removed(id: id)) }
}
