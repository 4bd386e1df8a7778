/// Where and as whom to log in.
struct SSHEndpoint: Hashable, Sendable {
  var host: String
  var port: Int
  var user: String
  /// The pinned fingerprint, `SHA256:…`; nil where nobody has pinned one yet.
  var hostKey: String?
  /// The private key's path; the public key lies beside it with `.pub`.
  var privateKeyPath: String

  var address: String { host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)" }
}

/// How long to wait for what. Each is for one silence or one call, never for a whole transfer,
/// which may take hours on a thin line.
struct SSHTimeouts: Hashable, Sendable {
  /// For each of the host's addresses.
  var connect: Duration = .seconds(15)
  /// Key exchange and login, each.
  var handshake: Duration = .seconds(20)
  /// One small SFTP operation, and the longest silence while bytes are being sent.
  var operation: Duration = .seconds(60)
  /// An fsync at the far end: a slow disk with a full cache takes minutes.
  var sync: Duration = .seconds(300)
  /// A hash at the far end: this long plus a second for each 20 MB.
  var hash: Duration = .seconds(60)
}
