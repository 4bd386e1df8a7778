internal import Base
internal import Media
internal import XML

/// Reads a manifest: attributes that stand at a period or an adaptation set hold for all within.
public struct DASHReader {
  /// Larger ones are refused.
  public static let largest = 10 << 20
  private static let mostRepresentations = 1000

  private let address: String

  /// - Parameter address: where the manifest came from, absolute, for what is relative to it.
  public static func read(_ bytes: [UInt8], from address: String) throws(DASHError) -> DASHManifest
  {
    guard bytes.count <= largest else { throw .tooLarge }
    let document = DASHDocument()
    let reader = XMLReader(handler: document)
    do {
      try reader.feed(bytes)
      try reader.finish()
    } catch {
      throw .unreadable(error.description)
    }
    guard !document.isTooLarge else { throw .tooLarge }
    guard let root = document.root, root.name == "MPD" else { throw .notAManifest }
    return DASHReader(address: address).manifest(root)
  }

  private func manifest(_ root: DASHElement) -> DASHManifest {
    var manifest = DASHManifest()
    manifest.isDynamic = root["type"] == "dynamic"
    manifest.availabilityStart = root["availabilityStartTime"].flatMap(Self.instant)
    manifest.duration = root["mediaPresentationDuration"].flatMap(Self.duration)
    manifest.window = root["timeShiftBufferDepth"].flatMap(Self.duration)
    let base = Self.base(root, in: address)
    let elements = root.all("Period")
    var next = Duration.zero
    for (index, element) in elements.enumerated() {
      let start = element["start"].flatMap(Self.duration) ?? next
      let following = elements.dropFirst(index + 1).first?["start"].flatMap(Self.duration)
      let rest = manifest.duration.map { $0 - start }
      let lasting =
        element["duration"].flatMap(Self.duration) ?? following.map { $0 - start }
        ?? (index == elements.count - 1 ? rest : nil)
      next = start + (lasting ?? .zero)
      // Advertisements that are still to be asked for are no part of what is broadcast here.
      if element["href"] != nil || start >= Self.longest { continue }
      var period = DASHPeriod(id: element["id"], start: start, duration: lasting)
      period.representations = representations(element, Self.base(element, in: base))
      manifest.periods.append(period)
    }
    return manifest
  }

  private func representations(_ period: DASHElement, _ base: String) -> [DASHRepresentation] {
    var all: [DASHRepresentation] = []
    let inherited = Self.addressing(period, nil)
    for (index, set) in period.all("AdaptationSet").enumerated() {
      let setBase = Self.base(set, in: base)
      let setAddressing = Self.addressing(set, inherited)
      for element in set.all("Representation") where all.count < Self.mostRepresentations {
        guard let id = element["id"], !id.isEmpty else { continue }
        func attribute(_ name: String) -> String? { element[name] ?? set[name] }
        let mimeType = attribute("mimeType") ?? ""
        let roles = set.all("Role").compactMap { $0["value"] }
        all.append(
          DASHRepresentation(
            id: id, kind: Self.kind(set["contentType"], mimeType, attribute("codecs")), set: index,
            bandwidth: element.integer("bandwidth").map { Int($0) }, codecs: attribute("codecs"),
            mimeType: mimeType, width: Self.size(attribute("width")),
            height: Self.size(attribute("height")), language: set["lang"],
            isMain: roles.contains("main"),
            isEncrypted: [set, element].contains { $0.first("ContentProtection") != nil },
            isTrick: [set, element].contains(where: Self.isTrick),
            base: Self.base(element, in: setBase),
            addressing: Self.addressing(element, setAddressing)))
      }
    }
    return all
  }

  private static func kind(_ content: String?, _ mimeType: String, _ codecs: String?)
    -> DASHRepresentation.Kind
  {
    let type = content ?? String(mimeType.prefix { $0 != "/" })
    switch type {
    case "video": return .video
    case "audio": return .audio
    default: return .other
    }
  }

  private static func isTrick(_ element: DASHElement) -> Bool {
    (element.all("EssentialProperty") + element.all("SupplementalProperty"))
      .contains { $0["schemeIdUri"] == "http://dashif.org/guidelines/trickmode" }
  }

  private static func size(_ text: String?) -> Int? { text.flatMap { Int($0) } }

  /// The first of several; the others are copies of it.
  private static func base(_ element: DASHElement, in outer: String) -> String {
    let own = element.first("BaseURL")?.text.trimmed ?? ""
    return own.isEmpty ? outer : URIReference.resolve(own, in: outer)
  }

  /// What stands here over what holds from outside.
  private static func addressing(
    _ element: DASHElement, _ outer: DASHAddressing?
  ) -> DASHAddressing? {
    let list = element.first("SegmentList")
    guard let own = element.first("SegmentTemplate") ?? list else { return outer }
    var addressing = outer ?? DASHAddressing()
    if let media = own["media"] { addressing.template = media }
    if let list {
      addressing.template = nil
      addressing.list = list.all("SegmentURL").map {
        DASHAddressing.Resource(
          address: $0["media"] ?? "", range: $0["mediaRange"].flatMap(DASHRange.init))
      }
    }
    if let section = own["initialization"] {
      addressing.initialisation = DASHAddressing.Resource(address: section)
    } else if let section = own.first("Initialization") {
      addressing.initialisation = DASHAddressing.Resource(
        address: section["sourceURL"] ?? "", range: section["range"].flatMap(DASHRange.init))
    }
    addressing.timescale = positive(own.integer("timescale")) ?? addressing.timescale
    addressing.duration = positive(own.integer("duration")) ?? addressing.duration
    addressing.startNumber = natural(own.integer("startNumber")) ?? addressing.startNumber
    addressing.endNumber = natural(own.integer("endNumber")) ?? addressing.endNumber
    addressing.presentationTimeOffset =
      natural(own.integer("presentationTimeOffset")) ?? addressing.presentationTimeOffset
    if let timeline = own.first("SegmentTimeline") {
      addressing.timeline = timeline.all("S").compactMap { run in
        positive(run.integer("d")).map {
          DASHAddressing.Run(
            time: natural(run.integer("t")), duration: $0, repetitions: run.integer("r") ?? 0)
        }
      }
    }
    return addressing
  }

  /// No number of a manifest is greater, so that their sums and products fit.
  private static let most: Int64 = 1 << 52

  private static func natural(_ number: Int64?) -> Int64? {
    number.flatMap { (0..<most).contains($0) ? $0 : nil }
  }

  private static func positive(_ number: Int64?) -> Int64? {
    number.flatMap { (1..<most).contains($0) ? $0 : nil }
  }

  /// A date without a zone is in UTC.
  static func instant(_ text: String) -> Instant? {
    let text = text.trimmed
    return Instant(text) ?? Instant(text + "Z")
  }

  /// Longer ones make no sense, and would not fit into a date.
  private static let longest = Duration.seconds(10_000_000_000)

  /// `P1DT2H3M4.5S` (ISO 8601); nil with years or months, whose length nobody knows.
  static func duration(_ text: String) -> Duration? {
    var rest = text.trimmed[...]
    guard rest.first == "P" else { return nil }
    rest = rest.dropFirst()
    var units: [Character: Int64] = ["D": 86_400]
    var total = Duration.zero
    var isAny = false
    while let first = rest.first {
      if first == "T" {
        units = ["H": 3600, "M": 60, "S": 1]
        rest = rest.dropFirst()
        continue
      }
      let number = rest.prefix { $0.isNumber || $0 == "." }
      rest = rest.dropFirst(number.count)
      guard let value = Double(number), let unit = rest.first.flatMap({ units[$0] }),
        value * Double(unit) < Self.longest.inSeconds
      else { return nil }
      // To the microsecond, as instants are.
      total += .microseconds(Int64((value * Double(unit) * 1e6).rounded()))
      rest = rest.dropFirst()
      isAny = true
    }
    return isAny ? total : nil
  }
}

extension String {
  fileprivate var trimmed: String {
    String(drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
  }
}
