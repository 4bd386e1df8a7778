import Base
import DASH
import HTTPClient
import Media
import Messages

/// Fetches what an HLS or DASH stream consists of: playlists or manifests, initialisation sections,
/// keys and segments; decrypts and looks into what came. Keeps nothing on disk.
struct HLSFetcher: Sendable {
  /// What was asked for and is whole.
  struct Fetched: Sendable {
    let bytes: [UInt8]
    let initialisation: [UInt8]?
    let inspection: SegmentInspection
  }

  /// Why something did not come.
  struct Failure: Error, Sendable {
    let failure: SourceFailure
    /// The server says that it is not there.
    let isGone: Bool
    /// Trying again is of no use: the stream is one that cannot be captured.
    let isHopeless: Bool

    init(_ failure: SourceFailure, isGone: Bool = false, isHopeless: Bool = false) {
      self.failure = failure
      self.isGone = isGone
      self.isHopeless = isHopeless
    }

    init(_ error: HTTPError) {
      let isGone = error.kind == .status(404) || error.kind == .status(410)
      self.init(SourceFailure(error), isGone: isGone)
    }
  }

  /// No segment is larger.
  static let largestSegment: Int64 = 100 << 20
  static let largestSection: Int64 = 4 << 20

  let client: HTTPClient
  let definition: StreamDefinition
  let connectTimeout: Duration

  /// What a list's address answered with.
  enum Listing: Sendable {
    case hls(HLSPlaylist)
    case dash(DASHManifest, representation: String?)

    /// As what captures read; `numbers` counts the segments of a manifest.
    func playlist(_ numbers: inout DASHNumbers, at now: Instant) -> HLSPlaylist {
      switch self {
      case .hls(let playlist): return playlist
      case .dash(let manifest, nil): return .master(manifest.variants)
      case .dash(let manifest, let name?):
        return .media(manifest.segments(of: name, at: now, numbers: &numbers))
      }
    }
  }

  func listing(
    _ url: String, imported: [String: String]
  ) async throws(Failure) -> (listing: Listing, from: String) {
    let (address, representation) = DASHManifest.split(url)
    var request = request(address, largest: Int64(HLSPlaylist.largest), timeout: .seconds(15))
    request.acceptsCompression = true
    let response = try await ask(request)
    let from = response.head.url
    do {
      if representation != nil || HLSFetcher.isManifest(response) {
        let manifest = try DASHReader.read(response.body, from: from)
        return (.dash(manifest, representation: representation), from)
      }
      let playlist = try HLSPlaylist(
        response.body, query: HLSFetcher.query(of: url), imported: imported)
      return (.hls(playlist), from)
    } catch {
      let sentence = "\(error)"
      throw Failure(
        SourceFailure(
          .sourceGarbled, sentence.prefix(1).uppercased() + sentence.dropFirst() + ".",
          pace: .slow))
    }
  }

  private static func isManifest(_ response: HTTPResponse) -> Bool {
    response.body.withUnsafeBytes { ContentSniffer.kind(ofContent: $0) } == .dash
  }

  /// The segment of an entry, whole, decrypted and looked into. `section`, `key`: what was fetched
  /// for it before.
  func segment(
    _ entry: HLSEntry, section: [UInt8]?, key: [UInt8]?, allowance: Duration
  ) async throws(Failure) -> Fetched {
    let bytes = try await resource(
      entry.address, entry.segment.byteRange, largest: HLSFetcher.largestSegment,
      timeout: max(.seconds(20), allowance))
    let plain = try decrypt(bytes, entry.segment.key, key, number: entry.number)
    do {
      let inspection = try SegmentInspection.inspect(plain, initialisation: section)
      return Fetched(bytes: plain, initialisation: section, inspection: inspection)
    } catch {
      throw Failure(
        SourceFailure(.sourceGarbled, "A segment that the station sent \(error).", pace: .quick))
    }
  }

  /// Whether a listed segment is to be had, whatever it holds.
  func has(_ segment: HLSSegment, listedAt address: String) async -> Bool {
    let bytes = try? await resource(
      URIReference.resolve(segment.uri, in: address), segment.byteRange,
      largest: HLSFetcher.largestSegment, timeout: .seconds(20))
    return bytes?.isEmpty == false
  }

  func section(_ map: HLSMap, _ url: String, key: [UInt8]?) async throws(Failure) -> [UInt8] {
    let bytes = try await resource(
      url, map.byteRange, largest: HLSFetcher.largestSection, timeout: .seconds(15))
    return try decrypt(bytes, map.key, key, number: 0)
  }

  func key(_ url: String) async throws(Failure) -> [UInt8] {
    let bytes = try await resource(url, nil, largest: 1024, timeout: .seconds(15))
    guard bytes.count == AES128.blockSize else {
      throw Failure(
        SourceFailure(
          .sourceGarbled, "The key of the encrypted stream is not 16 bytes long.", pace: .slow))
    }
    return bytes
  }

  /// nil where the segment is not encrypted.
  static func refusal(_ key: HLSKey?) -> SourceFailure? {
    guard let key else { return nil }
    if key.method == .aes128, key.format == "identity" { return nil }
    return SourceFailure(
      .sourceRefused,
      "The stream is encrypted in a way that cannot be captured; only AES-128 with a plain key can.",
      pace: .patient)
  }

  private func decrypt(
    _ bytes: [UInt8], _ method: HLSKey?, _ key: [UInt8]?, number: Int64
  ) throws(Failure) -> [UInt8] {
    guard let method, let key else { return bytes }
    // The number in the last bytes, most significant first (RFC 8216 §5.2).
    let counted =
      [UInt8](repeating: 0, count: 8)
      + (0..<8).map { UInt8(truncatingIfNeeded: number >> (56 - 8 * $0)) }
    guard let plain = AES128.decryptCBC(bytes, key: key, iv: method.iv ?? counted) else {
      throw Failure(
        SourceFailure(.sourceGarbled, "An encrypted segment does not open with its key."))
    }
    return plain
  }

  private func resource(
    _ url: String, _ range: HLSByteRange?, largest: Int64, timeout: Duration
  ) async throws(Failure) -> [UInt8] {
    var request = request(url, largest: largest, timeout: timeout)
    if let range {
      request.headers["Range"] = "bytes=\(range.offset)-\(range.offset + max(range.length, 1) - 1)"
    }
    let response = try await ask(request)
    guard let range else { return response.body }
    // A server that knows no ranges sends everything.
    let isPart = response.status == 206
    let start = isPart ? 0 : Int(clamping: range.offset)
    let end = start + Int(clamping: range.length)
    guard end <= response.body.count else {
      throw Failure(
        SourceFailure(.sourceGarbled, "A segment is shorter than the part of it that is listed."))
    }
    return Array(response.body[start..<end])
  }

  private func request(_ url: String, largest: Int64, timeout: Duration) -> HTTPRequest {
    var request = HTTPRequest("GET", url, timeout: timeout)
    request.connectTimeout = connectTimeout
    request.largestBody = largest
    request.stallTimeout = .seconds(8)
    request.acceptsCompression = false
    for (name, value) in definition.headers where isFor(url, header: name) {
      request.headers[name] = value
    }
    if let userAgent = definition.userAgent { request.userAgent = userAgent }
    return request
  }

  static func isSecret(_ header: String) -> Bool {
    ["authorization", "cookie", "proxy-authorization"].contains(header.lowercased())
  }

  /// What proves who we are goes to the hosts that the definition names, whatever a list says.
  private func isFor(_ url: String, header: String) -> Bool {
    guard HLSFetcher.isSecret(header) else { return true }
    return definition.urls.contains { URIReference.host($0) == URIReference.host(url) }
  }

  private func ask(_ request: HTTPRequest) async throws(Failure) -> HTTPResponse {
    do { return try await client.request(request) } catch { throw Failure(error) }
  }

  private static func query(of url: String) -> [String: String] {
    var query: [String: String] = [:]
    guard let mark = url.firstIndex(of: "?") else { return query }
    for pair in url[url.index(after: mark)...].prefix(while: { $0 != "#" }).split(separator: "&") {
      let parts = pair.split(separator: "=", maxSplits: 1)
      guard let name = parts.first else { continue }
      query[String(name)] = parts.count > 1 ? String(parts[1]) : ""
    }
    return query
  }
}
