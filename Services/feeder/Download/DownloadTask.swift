internal import Base
internal import HTTPClient
internal import Messages

/// One try with everything that it needs, taken from the catalogue in the transaction that counted it.
struct DownloadTask: Sendable {
  let row: EpisodeRow
  /// The feed's address, whose user and password its own server may be told.
  let feedURL: String
  /// The archive's folder of the feed.
  let folder: String

  /// Hidden, and found again by the next try.
  var partPath: String { "\(folder)/.\(row.id).part" }
}

/// What has been received and checked, and still lies under its temporary name.
struct CheckedFile: Sendable {
  var bytes: Int64
  var sha256: String
  var contentType: String
  var duration: Duration
  /// Something that people should know of it.
  var note: String?
}

/// What a try asks of whoever runs it, and tells.
struct DownloadCallbacks: Sendable {
  /// Stores what the part will be of, before its first byte is written.
  var onHead: @Sendable (_ validator: String?, _ url: String, _ total: Int64?) async throws -> Void
  var onProgress: @Sendable (_ received: Int64, _ total: Int64?) -> Void
  /// All bytes are there; they are being checked now.
  var onBytes: @Sendable () async -> Void
}
