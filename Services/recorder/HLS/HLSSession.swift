import Base
import DASH
import HTTPClient
import Media
import Messages

/// One capture's dealings with one HLS or DASH address: what its policy knows, and what was fetched for more
/// than one segment.
///
/// Not `Sendable`: it belongs to its capture.
final class HLSSession {
  var policy: HLSReloadPolicy
  /// Of a DASH stream, whose manifests do not count.
  var numbers: DASHNumbers
  private(set) var fetcher: HLSFetcher
  /// What the definition, or a list, says.
  private(set) var address: String
  /// Tells it from other sessions of the same capture.
  let relay: Int
  /// The media playlist; nil until it is known.
  var mediaAddress: String?
  /// What the master playlist defined.
  var definitions: [String: String] = [:]
  /// What was said of the variant that is captured.
  var variant: HLSVariant?
  /// By the place on the tape.
  var tasks: [Int64: Task<Void, Never>] = [:]
  var loading: Task<Void, Never>?
  /// Sizes of segments that looked cut off: the same size again is what the station has.
  var suspects: [Int64: Int] = [:]

  private var sections = Shelf()
  private var keys = Shelf()

  init(policy: HLSReloadPolicy, fetcher: HLSFetcher, address: String, relay: Int) {
    self.relay = relay
    self.policy = policy
    numbers = DASHNumbers(known: policy.count.forManifests)
    self.fetcher = fetcher
    self.address = address
  }

  /// The same stream from now on at another address, which a page was asked for.
  func move(to address: String, fetcher: HLSFetcher) {
    self.address = address
    self.fetcher = fetcher
    mediaAddress = nil
    policy.count.forgetIdentities()
  }

  func cancel() {
    loading?.cancel()
    for task in tasks.values { task.cancel() }
  }

  func section(
    of entry: HLSEntry, isolation: isolated (any Actor)? = #isolation
  ) async throws(HLSFetcher.Failure) -> [UInt8]? {
    guard let map = entry.segment.map, let url = entry.mapAddress else { return nil }
    // A station that begins anew may give another section the same name.
    let beginning = policy.count.beginnings + numbers.breaks
    let name =
      "\(beginning) \(url) \(map.byteRange?.offset ?? -1) \(map.byteRange?.length ?? -1)"
    if let known = sections[name] { return known }
    var key: [UInt8]?
    if let address = map.key?.uri.map({ URIReference.resolve($0, in: entry.address) }) {
      key = try await self.key(address)
    }
    let section = try await fetcher.section(map, url, key: key)
    sections[name] = section
    return section
  }

  func key(
    _ url: String?, isolation: isolated (any Actor)? = #isolation
  ) async throws(HLSFetcher.Failure) -> [UInt8]? {
    guard let url else { return nil }
    if let known = keys[url] { return known }
    let key = try await fetcher.key(url)
    keys[url] = key
    return key
  }

  /// The newest few, by their address.
  private struct Shelf {
    private var entries: [(name: String, bytes: [UInt8])] = []

    subscript(name: String) -> [UInt8]? {
      get { entries.last { $0.name == name }?.bytes }
      set {
        entries.removeAll { $0.name == name }
        if let newValue { entries.append((name, newValue)) }
        if entries.count > 4 { entries.removeFirst() }
      }
    }
  }
}
