import Base
import HTTPServer
import Media

/// Puts a segment of a tape into the container that a player wants, without encoding anything.
struct MediaMaker: Sendable {
  let remuxer: Remuxer

  /// What comes out, and whether there is sight in it.
  struct Media: Sendable {
    var bytes: [UInt8]
    var contentType: String
  }

  /// `stored`: the segment as the recorder has it.
  func make(_ name: MediaName, from stored: [UInt8]) async throws -> Media {
    switch StoredKind(stored) {
    case .frames: try frames(name, stored)
    case .transportStream: try await transportStream(name, stored)
    case .ogg: try await ogg(name, stored)
    case .fragmentedMP4:
      switch name.container {
      case .fragmentedMP4: Media(bytes: stored, contentType: "video/mp4")
      case .transportStream, .packedAudio, .initialisation: throw MediaMaker.otherContainer
      }
    case .unknown: throw MediaMaker.otherContainer
    }
  }

  private func frames(_ name: MediaName, _ stored: [UInt8]) throws -> Media {
    if name.container == .packedAudio { return Media(bytes: stored, contentType: "audio/aac") }
    guard let whole = AudioFrames(stored) else { throw MediaMaker.otherContainer }
    let audio = whole.piece(name.piece, of: name.pieces)
    do {
      switch name.container {
      case .initialisation:
        return Media(
          bytes: try FragmentedMP4Writer.initialisation(of: whole), contentType: "audio/mp4")
      case .fragmentedMP4:
        return Media(
          bytes: try FragmentedMP4Writer.fragment(
            audio, start: name.start, sequence: name.sequence), contentType: "audio/mp4")
      case .transportStream, .packedAudio:
        return Media(
          bytes: TransportStreamWriter.segment(
            audio, start: name.start, sequence: name.sequence,
            isLastPiece: name.piece == name.pieces - 1), contentType: "video/mp2t")
      }
    } catch {
      throw Problem(415, "other_container", error.description)
    }
  }

  private func transportStream(_ name: MediaName, _ stored: [UInt8]) async throws -> Media {
    switch name.container {
    case .transportStream: return Media(bytes: stored, contentType: "video/mp2t")
    case .packedAudio: throw MediaMaker.otherContainer
    case .fragmentedMP4, .initialisation:
      let parts = try await remuxer.fragmentedMP4(of: stored)
      let isHead = name.container == .initialisation
      return Media(
        bytes: isHead ? parts.initialisation : parts.fragments, contentType: "video/mp4")
    }
  }

  /// Only fragmented MP4 takes what stands on the pages.
  private func ogg(_ name: MediaName, _ stored: [UInt8]) async throws -> Media {
    guard name.container == .fragmentedMP4 || name.container == .initialisation else {
      throw MediaMaker.otherContainer
    }
    let parts = try await remuxer.fragmentedMP4(ofOgg: stored, start: name.start)
    let isHead = name.container == .initialisation
    return Media(
      bytes: isHead ? parts.initialisation : parts.fragments, contentType: "audio/mp4")
  }

  private static let otherContainer = Problem(
    415, "other_container", "This segment cannot be put into the container that was asked for.")
}

/// What a stored segment is, by its bytes.
enum StoredKind {
  case frames, transportStream, fragmentedMP4, ogg, unknown

  init(_ bytes: [UInt8]) {
    let name = bytes.dropFirst(4).prefix(4)
    let boxes = ["styp", "moof", "sidx", "emsg", "prft", "ftyp", "moov", "free"]
    if boxes.contains(where: { name.elementsEqual($0.utf8) }) {
      self = .fragmentedMP4
      return
    }
    switch bytes.withUnsafeBytes({ ContentSniffer.kind(ofContent: $0) }) {
    case .mpegAudio, .adts: self = .frames
    case .transportStream: self = .transportStream
    case .mp4: self = .fragmentedMP4
    case .ogg: self = .ogg
    case .hls, .dash, .playlist, .html, .unknown:
      // A tape may hold less than three packets or frames.
      self =
        bytes.first == 0x47 && bytes.count % 188 == 0
        ? .transportStream : AudioFrames(bytes) == nil ? .unknown : .frames
    }
  }
}
