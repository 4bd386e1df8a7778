internal import Base
internal import Media

/// One segment of a representation: where it is, and when it plays.
struct DASHSegment: Hashable, Sendable {
  /// Absolute.
  var address: String
  var range: DASHRange?
  /// Since the period's start.
  var start: Duration
  var duration: Duration
}

/// Lists the segments of one representation in one period, oldest first.
struct DASHTimeline {
  let manifest: DASHManifest
  let period: DASHPeriod
  let representation: DASHRepresentation
  /// Of what a manifest without a timeline has named, no more is listed.
  static let most = 2000
  /// What lies further from a period's start makes no sense, and would not fit into a date.
  private static let farthest = Duration.seconds(10_000_000_000)
  private static let longest = Duration.seconds(86_400)

  /// A segment is there once it has ended. `now`: since the period's start; nil: all there ever are.
  func segments(until now: Duration?) -> [DASHSegment] {
    guard let addressing = representation.addressing else { return [] }
    if let timeline = addressing.timeline { return timed(timeline, addressing, now) }
    if addressing.template == nil { return listed(addressing) }
    return counted(addressing, now)
  }

  private func timed(
    _ timeline: [DASHAddressing.Run], _ addressing: DASHAddressing, _ now: Duration?
  ) -> [DASHSegment] {
    var segments: [DASHSegment] = []
    var time = timeline.first?.time ?? 0
    var number = addressing.startNumber
    for (index, run) in timeline.enumerated() {
      time = run.time ?? time
      var left = min(run.repetitions, 1 << 40) + 1
      if run.repetitions < 0 {
        let end =
          timeline.dropFirst(index + 1).first?.time
          ?? [period.duration, now].compactMap(\.self).min().map {
            ticks($0, addressing) + addressing.presentationTimeOffset
          }
        left = end.map { max(0, ($0 - time) / run.duration) } ?? 0
      }
      // A week of two-second segments is 300,000: only the newest can still matter.
      let surplus = max(0, left - Int64(Self.most))
      let (skipped, isTooLong) = surplus.multipliedReportingOverflow(by: run.duration)
      let (end, isTooLate) = time.addingReportingOverflow(skipped)
      guard !isTooLong, !isTooLate, end < 1 << 60 else { break }
      time = end
      number += surplus
      for _ in 0..<(left - surplus) {
        segment(number: number, time: time, run.duration, addressing).map { segments.append($0) }
        time += run.duration
        number += 1
      }
    }
    return Array(segments.suffix(Self.most))
  }

  /// All but the last have the same length.
  private func counted(_ addressing: DASHAddressing, _ now: Duration?) -> [DASHSegment] {
    guard let duration = addressing.duration else { return [] }
    let length = manifest.isDynamic ? nil : period.duration
    var count = addressing.endNumber.map { max(0, $0 - addressing.startNumber + 1) }
    if let length {
      let whole = (ticks(length, addressing) + duration - 1) / duration
      count = min(count ?? whole, whole)
    }
    if let now {
      let limit = period.duration.map { min($0, now) } ?? now
      count = min(count ?? .max, max(0, ticks(limit, addressing) / duration))
    }
    guard let count else { return [] }
    var first = max(0, count - Int64(Self.most))
    if let now, let window = manifest.window {
      first = max(first, min(count, ticks(now - window, addressing) / duration))
    }
    return (max(0, first)..<count).compactMap { index in
      let time = addressing.presentationTimeOffset + index * duration
      let rest = length.map { ticks($0, addressing) - index * duration } ?? duration
      return segment(
        number: addressing.startNumber + index, time: time, min(duration, rest), addressing)
    }
  }

  private func listed(_ addressing: DASHAddressing) -> [DASHSegment] {
    guard let duration = addressing.duration else { return [] }
    return addressing.list.suffix(Self.most).enumerated().compactMap { index, resource in
      let place = Int64(addressing.list.count - min(addressing.list.count, Self.most) + index)
      return segment(
        resource, time: addressing.presentationTimeOffset + place * duration, duration, addressing)
    }
  }

  private func segment(
    number: Int64, time: Int64, _ duration: Int64, _ addressing: DASHAddressing
  ) -> DASHSegment? {
    if let template = addressing.template {
      guard let address = fill(template, number: number, time: time) else { return nil }
      return segment(
        DASHAddressing.Resource(address: address, range: nil), time: time, duration, addressing)
    }
    let index = number - addressing.startNumber
    guard addressing.list.indices.contains(Int(clamping: index)) else { return nil }
    return segment(addressing.list[Int(index)], time: time, duration, addressing)
  }

  private func segment(
    _ resource: DASHAddressing.Resource, time: Int64, _ duration: Int64,
    _ addressing: DASHAddressing
  ) -> DASHSegment? {
    // Both ends are rounded, so that nothing adds up over the segments.
    let start = lasting(time - addressing.presentationTimeOffset, addressing)
    let end = lasting(time - addressing.presentationTimeOffset + duration, addressing)
    guard (.zero - Self.farthest)...Self.farthest ~= start,
      (.nanoseconds(1))...Self.longest ~= end - start
    else { return nil }
    return DASHSegment(
      address: absolute(resource.address), range: resource.range, start: start,
      duration: end - start)
  }

  /// The initialisation section; nil where segments need none.
  var section: (address: String, range: DASHRange?)? {
    guard let section = representation.addressing?.initialisation,
      let address = fill(section.address, number: nil, time: nil)
    else { return nil }
    return (absolute(address), section.range)
  }

  private func absolute(_ address: String) -> String {
    address.isEmpty ? representation.base : URIReference.resolve(address, in: representation.base)
  }

  /// To the microsecond, as instants are.
  private func lasting(_ ticks: Int64, _ addressing: DASHAddressing) -> Duration {
    let (seconds, rest) = ticks.quotientAndRemainder(dividingBy: addressing.timescale)
    let micros = (Double(rest) * 1e6 / Double(addressing.timescale)).rounded()
    return .seconds(seconds) + .microseconds(Int64(micros))
  }

  private func ticks(_ duration: Duration, _ addressing: DASHAddressing) -> Int64 {
    let ticks = duration.inSeconds * Double(addressing.timescale)
    // A little more than nothing is lost where a length was rounded to microseconds.
    return Int64(max(-0x1p60, min(0x1p60, ticks + 1e-3)).rounded(.down))
  }

  /// `seg-$Number%05d$.m4s`; nil where a name in it is not known.
  private func fill(_ template: String, number: Int64?, time: Int64?) -> String? {
    var text = ""
    let parts = template.split(separator: "$", omittingEmptySubsequences: false)
    guard parts.count % 2 == 1 else { return nil }
    for (index, part) in parts.enumerated() {
      if index % 2 == 0 {
        text += part
        continue
      }
      let mark = part.firstIndex(of: "%") ?? part.endIndex
      let width = part[mark...].isEmpty ? 0 : Self.width(part[mark...])
      guard let width else { return nil }
      switch part[..<mark] {
      case "": text += "$"
      case "RepresentationID": text += representation.id
      case "Bandwidth": text += Self.padded(Int64(representation.bandwidth ?? 0), width)
      case "Number":
        guard let number else { return nil }
        text += Self.padded(number, width)
      case "Time":
        guard let time else { return nil }
        text += Self.padded(time, width)
      default: return nil
      }
    }
    return text
  }

  /// Of `%05d`.
  private static func width(_ format: Substring) -> Int? {
    guard format.hasPrefix("%0"), format.hasSuffix("d"),
      let width = Int(format.dropFirst(2).dropLast()), width <= 30
    else { return nil }
    return width
  }

  private static func padded(_ number: Int64, _ width: Int) -> String {
    let digits = String(number)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
  }
}
