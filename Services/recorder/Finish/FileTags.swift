import Base
import Messages

/// What is written into a file beside sound and picture: tags, a cover, chapters. A value; it only
/// knows FFmpeg's arguments for them.
struct FileTags: Hashable, Sendable {
  struct Tag: Hashable, Sendable {
    var name: String
    var value: String
  }

  var tags: [Tag]
  /// A JPEG file.
  var cover: String?
  /// A file in FFmpeg's metadata format, with chapters alone.
  var chapters: String?

  init(_ plan: RecordingPlan, cover: String? = nil, chapters: String? = nil) {
    let pairs: [(String, String?)] = [
      ("title", plan.tags.title), ("artist", plan.tags.artist), ("album", plan.tags.album),
      ("album_artist", plan.tags.albumArtist), ("genre", plan.tags.genre),
      ("comment", plan.tags.comment), ("date", plan.date),
      ("track", FileTags.track(plan.date).map { "\($0)" }),
    ]
    tags = pairs.compactMap { name, value in
      guard let value, !value.isEmpty else { return nil }
      return Tag(name: name, value: value)
    }
    self.cover = cover
    self.chapters = chapters
  }

  /// Days since 2020-01-01 of a date `YYYY-MM-DD`, so that players sort a show by its day; nil for
  /// an earlier day and for what is no date.
  static func track(_ date: String) -> Int64? {
    let parts = date.split(separator: "-").map { Int($0) }
    guard parts.count == 3, let year = parts[0], let month = parts[1], let day = parts[2],
      (1...12).contains(month), (1...31).contains(day)
    else { return nil }
    let days =
      CivilTime(year: year, month: month, day: day).daysSinceEpoch
      - CivilTime(year: 2020, month: 1, day: 1).daysSinceEpoch
    return days >= 0 ? days : nil
  }

  /// Further inputs, which follow `count` others.
  func inputs(_ form: FileForm) -> [String] {
    var arguments: [String] = []
    if let chapters, form.takesChapters {
      arguments += [
        "-protocol_whitelist", "file", "-f", "ffmetadata", "-i", "file:" + chapters,
      ]
    }
    if let cover, form.takesCover, form.container != .mkv {
      arguments += ["-protocol_whitelist", "file", "-f", "jpeg_pipe", "-i", "file:" + cover]
    }
    return arguments
  }

  /// Options of the output. `count`: how many inputs stand before those of `inputs`.
  func outputs(_ form: FileForm, after count: Int) -> [String] {
    var next = count
    // Of the source's own nothing; the chapters' titles are not to go with it.
    var arguments = ["-map_metadata:g", "-1", "-map_metadata:s", "-1"]
    if chapters != nil, form.takesChapters {
      arguments += ["-map_chapters", "\(next)"]
      next += 1
    } else {
      arguments += ["-map_chapters", "-1"]
    }
    if let cover, form.takesCover {
      if form.container == .mkv {
        arguments += [
          "-attach", cover, "-metadata:s:t:0", "mimetype=image/jpeg", "-metadata:s:t:0",
          "filename=cover.jpg",
        ]
      } else {
        let picture = form.hasPicture ? 1 : 0
        arguments += [
          "-map", "\(next):v:0", "-c:v:\(picture)", "copy", "-disposition:v:\(picture)",
          "attached_pic", "-metadata:s:v:\(picture)", "title=Cover", "-metadata:s:v:\(picture)",
          "comment=Cover (front)",
        ]
      }
    }
    return arguments + tags.flatMap { ["-metadata", "\($0.name)=\($0.value)"] }
  }
}
