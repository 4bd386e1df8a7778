internal import Base

/// One file to bring to one place: a value from which every name at the far end follows.
struct Upload: Sendable {
  var delivery: DeliveryID
  /// The local file.
  var source: String
  /// SHA-256 in hexadecimal as it was when the file was finished; nil where nobody took it.
  var expectedHash: String?
  /// The remote folder; relative to the account's home where it does not begin with a slash.
  var folder: String
  var name: String
  /// Whether a missing remote folder is made; otherwise it is an error, which catches a mistyped one.
  var makesFolders = false
}

/// How far an upload has come; each is reported after it is true at the far end.
enum UploadStep: String, CaseIterable, Sendable {
  case sourceHashed
  case connected
  case folderReady
  case nameChosen
  case partialReady
  case bytesSent
  case synced
  case verified
  case renamed
  case confirmed
}

enum UploadEvent: Sendable {
  case reached(UploadStep)
  /// Bytes of the file that the far end has acknowledged, those of earlier tries included.
  case progress(sent: Int64, of: Int64)
}

/// The proof that a file has arrived.
struct Receipt: Hashable, Codable, Sendable {
  /// Where it lies; may differ from what was asked for where another file had the name.
  var remotePath: String
  var size: Int64
  /// SHA-256 of what lies there, in hexadecimal, equal to the source's.
  var hash: String
  var hashMethod: HashMethod
  /// Whether the server put it on its disk when asked (fsync@openssh.com).
  var isSynced: Bool
  /// Whether it lay there already, from an earlier try or by another way.
  var wasThere: Bool
  /// Bytes of this try; less than `size` after a resume.
  var bytesSent: Int64
}
