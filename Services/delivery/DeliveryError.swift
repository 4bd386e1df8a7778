/// Why something could not be delivered: a closed kind, from which retry, waiting for a person and
/// the dead letter are chosen, and one sentence for a person that says what is wrong and what to do.
///
/// `kind`'s raw value is stored in the catalogue and travels on the bus: a case may be added, never
/// renamed.
struct DeliveryError: Error, Hashable, Sendable, CustomStringConvertible {
  enum Kind: String, CaseIterable, Codable, Sendable {
    /// No TCP connection: no such name, refused, no route, no answer.
    case unreachable
    /// The destination has no pinned host key yet.
    case hostKeyUnknown
    /// The server showed another key than the pinned one: moved, reinstalled, or not the server.
    case hostKeyChanged
    /// No host key type or cipher in common; libssh2 knows no rsa-sha2.
    case unsupportedServer
    /// The server does not accept our key for that user, or the access key and its secret.
    case authentication
    /// Our own key pair cannot be read.
    case identity
    /// The account may not write there.
    case permission
    case noSpace
    /// The remote folder does not exist, and making folders was not asked for.
    case missingFolder
    case missingSource
    /// The source is not the file that was recorded (other hash) or cannot be read to its end.
    case sourceChanged
    /// Both names that the file could have are taken by other files.
    case nameTaken
    /// What lies at the far end is not what was sent.
    case verification
    case timeout
    /// The connection broke off in the middle.
    case connectionLost
    /// The server answered an operation with a bare "failure".
    case refused
    /// The server does not speak SSH or SFTP as it should.
    case protocolFault
    /// The destination was removed, or has not been made yet.
    case missingDestination
    /// Stopped from our side: shutdown, or the delivery was discarded.
    case interrupted
    /// The service died in the middle of it, more than once.
    case poison
    /// No secure connection: a certificate that is not valid for that host, or no TLS there.
    case insecure
    /// The server is there and says that it cannot now: overload, an error of its own.
    case unavailable
    /// The endpoint is another one than was entered: another region, a redirect.
    case wrongEndpoint
    /// The access key's secret was never entered, or cannot be opened any more.
    case missingSecret
  }

  let kind: Kind
  /// One sentence: what is wrong and what to do.
  let reason: String
  /// The fingerprint that the server showed (`SHA256:…`), where the kind is about host keys.
  var fingerprint: String?

  init(_ kind: Kind, _ reason: String, fingerprint: String? = nil) {
    self.kind = kind
    self.reason = reason
    self.fingerprint = fingerprint
  }

  var description: String { reason }
}
