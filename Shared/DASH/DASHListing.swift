public import Base
public import Media

/// A manifest in the form of HLS playlists, by which everything that captures those captures it too:
/// which representations there are, and the segments of one of them.
extension DASHManifest {
  /// The representations that can be captured, as variants with their sound. An address is that of the
  /// manifest with the representation's name behind `#representation=`.
  public var variants: HLSMasterPlaylist {
    var playlist = HLSMasterPlaylist()
    guard let period = periods.last(where: { !$0.representations.isEmpty }) else { return playlist }
    let usable = period.representations.filter(\.isUsable)
    let pictures = usable.filter { $0.kind == .video }
    let sounds = usable.filter { $0.kind == .audio }
    let main = Self.mainSet(sounds)
    for representation in pictures.isEmpty ? sounds : pictures {
      var variant = HLSVariant(uri: Self.address(of: representation))
      variant.bandwidth = representation.bandwidth
      variant.codecs = representation.codecs
      variant.width = representation.width
      variant.height = representation.height
      variant.audioGroup = pictures.isEmpty || sounds.isEmpty ? nil : Self.soundGroup
      if pictures.isEmpty {
        variant.language = representation.language
        variant.isAlternative = representation.set != main
      }
      playlist.variants.append(variant)
    }
    if !pictures.isEmpty { playlist.renditions = Self.renditions(sounds) }
    return playlist
  }

  private static let soundGroup = "sound"

  /// What a player takes: the set that is said to be the main one, or the first.
  private static func mainSet(_ sounds: [DASHRepresentation]) -> Int? {
    sounds.first(where: \.isMain)?.set ?? sounds.map(\.set).min()
  }

  /// The best of each adaptation set.
  private static func renditions(_ sounds: [DASHRepresentation]) -> [HLSRendition] {
    let sets = Set(sounds.map(\.set)).sorted()
    let main = mainSet(sounds)
    return sets.compactMap { set in
      let best = sounds.filter { $0.set == set }.max {
        ($0.bandwidth ?? 0) < ($1.bandwidth ?? 0)
      }
      return best.map {
        HLSRendition(
          kind: .audio, group: soundGroup, name: $0.language ?? $0.id, language: $0.language,
          uri: address(of: $0), isDefault: set == main, isAutoselect: true)
      }
    }
  }

  private static func address(of representation: DASHRepresentation) -> String {
    mark
      + representation.id.utf8.map { byte in
        let character = Character(Unicode.Scalar(byte))
        let isPlain =
          byte < 0x80 && (character.isLetter || character.isNumber || "-._~".contains(character))
        return isPlain ? String(character) : "%" + hexadecimal([byte]).uppercased()
      }.joined()
  }

  /// The manifest's address, and the representation that is meant; nil: none.
  public static func split(_ address: String) -> (manifest: String, representation: String?) {
    guard let found = address.firstRange(of: mark) else { return (address, nil) }
    var bytes: [UInt8] = []
    var rest = address[found.upperBound...].utf8[...]
    while let byte = rest.popFirst() {
      let digits = rest.prefix(2)
      if byte == UInt8(ascii: "%"), digits.count == 2,
        let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 16)
      {
        bytes.append(value)
        rest = rest.dropFirst(2)
      } else {
        bytes.append(byte)
      }
    }
    return (String(address[..<found.lowerBound]), String(decoding: bytes, as: UTF8.self))
  }

  /// The segments that are there now, oldest first.
  ///
  /// - Parameter name: the representation. Where a period has none of that name, the one that is most
  ///   like it is taken.
  public func segments(of name: String, at now: Instant, numbers: inout DASHNumbers)
    -> HLSMediaPlaylist
  {
    var playlist = HLSMediaPlaylist()
    playlist.isEnded = !isDynamic
    let model = periods.lazy.flatMap(\.representations).first { $0.id == name }
    var entries: [HLSSegment] = []
    for period in periods {
      guard let representation = period.representation(name, like: model) else { continue }
      let timeline = DASHTimeline(manifest: self, period: period, representation: representation)
      let passed = isDynamic ? availabilityStart.map { now - $0 - period.start } : nil
      let place = numbers.place(of: period)
      let found = timeline.segments(until: passed)
      for (index, segment) in found.enumerated() {
        var entry = HLSSegment(
          uri: segment.address, duration: segment.duration, sequence: 0,
          discontinuitySequence: place)
        // Another coding may begin, and its timestamps do.
        entry.isDiscontinuity = index == 0 && !entries.isEmpty
        entry.date = availabilityStart.map { $0 + period.start + segment.start }
        entry.programDateTime = entry.date
        entry.byteRange = segment.range?.bytes
        entry.map = timeline.section.map {
          HLSMap(uri: $0.address, byteRange: $0.range?.bytes)
        }
        if representation.isEncrypted {
          entry.key = HLSKey(method: .other("DASH"), uri: nil)
        }
        entries.append(entry)
      }
    }
    let first = numbers.first(
      of: entries.map { ($0.identity, $0.date) })
    for index in entries.indices { entries[index].sequence = first + Int64(index) }
    playlist.segments = entries
    playlist.mediaSequence = first
    playlist.targetDuration = entries.map(\.duration).max()
    return playlist
  }
}

extension HLSSegment {
  /// Parts of one file differ by where they begin.
  fileprivate var identity: String {
    URIReference.identity(uri) + (byteRange.map { "@\($0.offset)" } ?? "")
  }
}

extension DASHPeriod {
  func representation(_ name: String, like model: DASHRepresentation?) -> DASHRepresentation? {
    if let same = representations.first(where: { $0.id == name }) { return same }
    guard let model else { return nil }
    let others = representations.filter {
      $0.isUsable && $0.kind == model.kind
        && (model.language == nil || $0.language == model.language)
    }
    func distance(_ other: DASHRepresentation) -> (Int, Int) {
      (
        abs((other.height ?? 0) - (model.height ?? 0)),
        abs((other.bandwidth ?? 0) - (model.bandwidth ?? 0))
      )
    }
    return others.min { distance($0) < distance($1) }
  }
}

extension DASHRepresentation {
  /// Sound or picture in segments of a kind that the tape takes.
  var isUsable: Bool {
    kind != .other && !isTrick && addressing != nil && !mimeType.hasSuffix("/webm")
  }
}

extension DASHRange {
  var bytes: HLSByteRange { HLSByteRange(offset: first, length: last - first + 1) }
}
