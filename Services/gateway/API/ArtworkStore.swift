import Base
import Glibc
import Subprocess

/// The pictures that recordings can carry: `<sha256>.jpg` and `.png` in the artwork folder, which
/// recorders read.
///
/// Nothing of what is uploaded is kept as it came: FFmpeg decodes it, allowed one format and so many
/// pixels, and writes it anew without what else was in the file. The same picture gets the same id.
/// Nothing is ever removed here, because a schedule may name it.
actor ArtworkStore {
  enum Kind: String, CaseIterable, Hashable, Sendable {
    case jpg, png

    /// By the first bytes of a file.
    init?(_ bytes: [UInt8]) {
      if bytes.starts(with: [0xFF, 0xD8, 0xFF]) {
        self = .jpg
      } else if bytes.starts(with: [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A]) {
        self = .png
      } else {
        return nil
      }
    }

    var contentType: String { self == .jpg ? "image/jpeg" : "image/png" }
    /// FFmpeg's names.
    var demuxer: String { self == .jpg ? "jpeg_pipe" : "png_pipe" }
    var encoding: [String] {
      self == .jpg ? ["-c:v", "mjpeg", "-q:v", "2"] : ["-c:v", "png"]
    }
    var pixels: String { self == .jpg ? "yuvj420p" : "rgba" }
  }

  struct Picture: Encodable, Hashable, Sendable {
    /// SHA-256 of the file, 64 hexadecimal digits.
    var id: String
    var contentType: String
    var bytes: Int64
  }

  enum Fault: Error, Hashable {
    /// Neither JPEG nor PNG by its first bytes.
    case unknownKind
    /// It cannot be decoded; what FFmpeg says.
    case broken(String)
  }

  static let largestUpload = 10 << 20
  /// Pixels a side of what is kept; of what is uploaded at most so many in all.
  static let side = 1400
  static let mostPixels = 64_000_000

  nonisolated var unownedExecutor: UnownedSerialExecutor { thread.asUnownedSerialExecutor() }

  private let thread = DedicatedThread(named: "artwork")
  private let folder: String

  init(folder: String) { self.folder = folder }

  func add(_ bytes: [UInt8]) async throws -> Picture {
    guard let kind = Kind(bytes) else { throw Fault.unknownKind }
    try Syscall.makeFolders(folder)
    let made = try await redrawn(bytes, kind)
    let id = hexadecimal(SHA256.hash(made))
    let path = "\(folder)/\(id).\(kind.rawValue)"
    // Under the name of its content, it is there already or it is the same.
    if access(path, F_OK) != 0 { try DurableFile.write(made, to: path, mode: 0o644) }
    return Picture(id: id, contentType: kind.contentType, bytes: Int64(made.count))
  }

  /// nil where there is none of that id.
  func find(_ id: String) -> (path: String, kind: Kind)? {
    guard ArtworkStore.isID(id[...]) else { return nil }
    for kind in Kind.allCases {
      let path = "\(folder)/\(id).\(kind.rawValue)"
      if access(path, F_OK) == 0 { return (path, kind) }
    }
    return nil
  }

  /// The newest first.
  func all() -> [Picture] {
    guard let listing = opendir(folder) else { return [] }
    defer { closedir(listing) }
    var found: [(picture: Picture, changed: Int)] = []
    while let entry = readdir(listing) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) {
        $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      let parts = name.split(separator: ".")
      var facts = stat()
      guard parts.count == 2, ArtworkStore.isID(parts[0]),
        let kind = Kind(rawValue: String(parts[1])),
        stat("\(folder)/\(name)", &facts) == 0
      else { continue }
      let picture = Picture(
        id: String(parts[0]), contentType: kind.contentType, bytes: Int64(facts.st_size))
      found.append((picture, facts.st_mtim.tv_sec))
    }
    return found.sorted { ($1.changed, $0.picture.id) < ($0.changed, $1.picture.id) }
      .map(\.picture)
  }

  private static func isID(_ text: Substring) -> Bool {
    text.utf8.count == 64
      && text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
  }

  private func redrawn(_ bytes: [UInt8], _ kind: Kind) async throws -> [UInt8] {
    let side = ArtworkStore.side
    var command = ChildCommand(
      "ffmpeg",
      [
        "-nostdin", "-hide_banner", "-loglevel", "error", "-xerror", "-protocol_whitelist", "pipe",
        "-max_pixels", "\(ArtworkStore.mostPixels)", "-f", kind.demuxer, "-i", "pipe:0",
        "-map_metadata",
        "-1", "-frames:v", "1", "-vf",
        "scale='min(\(side),iw)':'min(\(side),ih)':force_original_aspect_ratio=decrease,"
          + "format=\(kind.pixels)",
      ] + kind.encoding + [
        "-fflags", "+bitexact", "-flags:v", "+bitexact", "-f", "image2pipe", "pipe:1",
      ])
    command.niceness = 5
    let run = try await ChildProcess.run(
      command, input: bytes, outputLimit: 32 << 20, timeout: .seconds(30))
    guard run.exit.isSuccess, Kind(run.output) == kind else {
      throw Fault.broken(run.isTimedOut ? "it takes too long" : ArtworkStore.line(run.errorText))
    }
    return run.output
  }

  /// The last line, without what FFmpeg puts in brackets before it.
  private static func line(_ text: String) -> String {
    let last = text.split(whereSeparator: \.isNewline).last ?? ""
    let words = last.drop { $0 != "]" }.dropFirst().drop { $0 == " " }
    return String((words.isEmpty ? last : words).prefix(200))
  }
}
