internal import Base
internal import Messages

/// Which feed is fetched next: those that are due, longest first, so many at a time and so many of one
/// server, and none of a server that asked to be left alone.
///
/// Ten thousand feeds in a heap; the database stays the truth, and this is made of it at the start. A
/// value without clock and I/O.
struct PollQueue: Sendable {
  struct Entry: Hashable, Sendable {
    var feed: FeedID
    var host: String
    var at: Instant
  }

  let fetches: Int
  let perHost: Int
  private var entries: [FeedID: Entry] = [:]
  /// A binary heap by time; what is no longer so (`entries` says otherwise) is dropped when it comes up.
  private var heap: [Entry] = []
  /// Due and not begun, by server, in the order in which they became due.
  private var ready: [String: [FeedID]] = [:]
  /// Who is in `ready`: what was put twice may come up twice.
  private var isReady: Set<FeedID> = []
  /// The servers of `ready`, in turn.
  private var turn: [String] = []
  private(set) var running: [FeedID: String] = [:]
  private var runningOf: [String: Int] = [:]
  private var resting: [String: Instant] = [:]

  init(fetches: Int, perHost: Int, entries: [Entry] = [], resting: [String: Instant] = [:]) {
    self.fetches = fetches
    self.perHost = perHost
    self.resting = resting
    for entry in entries { put(entry) }
  }

  /// Sets when a feed is due, new or known. One that is running keeps running.
  mutating func put(_ entry: Entry) {
    remove(entry.feed)
    entries[entry.feed] = entry
    if running[entry.feed] == nil { push(entry) }
  }

  mutating func remove(_ feed: FeedID) {
    guard let old = entries.removeValue(forKey: feed) else { return }
    isReady.remove(feed)
    if var waiting = ready[old.host], let index = waiting.firstIndex(of: feed) {
      waiting.remove(at: index)
      ready[old.host] = waiting.isEmpty ? nil : waiting
      if waiting.isEmpty { turn.removeAll { $0 == old.host } }
    }
  }

  mutating func rest(_ host: String, until: Instant) {
    resting[host] = max(resting[host] ?? until, until)
  }

  /// Those that are to begin now; they count as running.
  mutating func begin(at now: Instant) -> [FeedID] {
    collect(at: now)
    resting = resting.filter { $0.value > now }
    var begun: [FeedID] = []
    var index = 0
    while index < turn.count, running.count < fetches {
      let host = turn[index]
      guard resting[host] == nil, runningOf[host, default: 0] < perHost,
        var waiting = ready[host], !waiting.isEmpty
      else {
        index += 1
        continue
      }
      let feed = waiting.removeFirst()
      isReady.remove(feed)
      running[feed] = host
      runningOf[host, default: 0] += 1
      begun.append(feed)
      // The others have their turn before it has another.
      turn.remove(at: index)
      if waiting.isEmpty {
        ready[host] = nil
      } else {
        ready[host] = waiting
        turn.append(host)
      }
    }
    return begun
  }

  /// A fetch is over and stored; `next` is when the feed is due again, nil where it is no more.
  mutating func ended(_ feed: FeedID, next: Entry?) {
    if let host = running.removeValue(forKey: feed) {
      let left = runningOf[host, default: 1] - 1
      runningOf[host] = left > 0 ? left : nil
    }
    if let next { put(next) } else { remove(feed) }
  }

  /// When something may be begun that cannot be now for its time; nil: nothing waits.
  func nextWake(after now: Instant) -> Instant? {
    let rests = resting.filter { ready[$0.key] != nil && $0.value > now }.map(\.value).min()
    return [heap.first?.at, rests].compactMap { $0 }.min()
  }

  /// Due and not begun.
  var dueCount: Int { ready.values.reduce(0) { $0 + $1.count } }

  private mutating func collect(at now: Instant) {
    while let first = heap.first, first.at <= now {
      pop()
      // Not what is said of it any more, or under way.
      guard entries[first.feed] == first, running[first.feed] == nil,
        isReady.insert(first.feed).inserted
      else { continue }
      if ready[first.host] == nil { turn.append(first.host) }
      ready[first.host, default: []].append(first.feed)
    }
  }

  private mutating func push(_ entry: Entry) {
    heap.append(entry)
    var child = heap.count - 1
    while child > 0, heap[child].at < heap[(child - 1) / 2].at {
      heap.swapAt(child, (child - 1) / 2)
      child = (child - 1) / 2
    }
  }

  private mutating func pop() {
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var parent = 0
    while true {
      var least = parent
      for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count {
        if heap[child].at < heap[least].at { least = child }
      }
      if least == parent { return }
      heap.swapAt(parent, least)
      parent = least
    }
  }
}
