import Base
import HTTPServer

/// Media segments as players want them: fetched from recorders, put into the container, and kept for
/// the next player as long as there is room.
///
/// Who asks for what is being made waits for that. Nothing here is on disk.
actor SegmentStore {
  /// One thing that can be asked for.
  enum Item: Hashable, Sendable {
    /// As the recorder has it.
    case stored(StreamID, NodeID, sequence: Int64)
    case made(StreamID, NodeID, MediaName)
    case initialisation(StreamID, NodeID, hash: String)
  }

  private struct Kept {
    var media: MediaMaker.Media
    var usedAt: UInt64
  }

  private let client: TapeClient
  private let maker = MediaMaker(remuxer: Remuxer())
  private let recorder: @Sendable (NodeID) async -> TapeClient.Recorder?
  /// Bytes that are kept.
  private let capacity: Int

  private var kept: [Item: Kept] = [:]
  private var size = 0
  private var clock: UInt64 = 0
  private var underWay: [Item: Task<MediaMaker.Media, any Error>] = [:]

  /// `recorder` finds one by its name; it may wait a little for its first heartbeat.
  init(
    client: TapeClient, capacity: Int = 64 << 20,
    recorder: @escaping @Sendable (NodeID) async -> TapeClient.Recorder?
  ) {
    self.client = client
    self.capacity = capacity
    self.recorder = recorder
  }

  func media(_ item: Item) async throws -> MediaMaker.Media {
    clock += 1
    if let found = kept[item] {
      kept[item]?.usedAt = clock
      return found.media
    }
    if let task = underWay[item] { return try await task.value }
    let task = Task { try await make(item) }
    underWay[item] = task
    defer { underWay[item] = nil }
    let media = try await task.value
    keep(media, as: item)
    return media
  }

  private func make(_ item: Item) async throws -> MediaMaker.Media {
    switch item {
    case .made(let stream, let node, let name):
      let stored = try await media(.stored(stream, node, sequence: name.sequence))
      return try await maker.make(name, from: stored.bytes)
    case .stored(let stream, let node, let sequence):
      let bytes = try await fetch(from: node) { [client] in
        try await client.segment(of: $0, stream: stream, sequence: sequence)
      }
      return MediaMaker.Media(bytes: bytes, contentType: "application/octet-stream")
    case .initialisation(let stream, let node, let hash):
      let bytes = try await fetch(from: node) { [client] in
        try await client.initialisation(of: $0, stream: stream, hash: hash)
      }
      return MediaMaker.Media(bytes: bytes, contentType: "video/mp4")
    }
  }

  private func fetch(
    from node: NodeID, _ get: @Sendable (TapeClient.Recorder) async throws -> [UInt8]?
  ) async throws -> [UInt8] {
    guard let recorder = await recorder(node) else {
      throw SegmentStore.silent("The recorder that has this does not answer now; try again soon.")
    }
    do {
      if let bytes = try await get(recorder) { return bytes }
    } catch {
      throw SegmentStore.silent("This cannot be had from its recorder now: \(error)")
    }
    throw Problem(404, "not_found", "The tape no longer holds this segment.")
  }

  private static func silent(_ sentence: String) -> Problem {
    Problem(503, "recorder_silent", sentence, retryAfterSeconds: 2)
  }

  private func keep(_ media: MediaMaker.Media, as item: Item) {
    guard media.bytes.count <= capacity / 4, kept[item] == nil else { return }
    kept[item] = Kept(media: media, usedAt: clock)
    size += media.bytes.count
    while size > capacity, let oldest = kept.min(by: { $0.value.usedAt < $1.value.usedAt }) {
      size -= oldest.value.media.bytes.count
      kept[oldest.key] = nil
    }
  }
}
