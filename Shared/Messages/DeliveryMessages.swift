public import Base

/// A place that finished files are sent to.
public struct Destination: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable { case sftp, s3 }

  public var id: DestinationID
  public var name: String
  public var kind: Kind
  public var host: String
  public var port: Int
  /// S3: the id of the access key.
  public var user: String
  /// On the server; must exist. Relative to the user's home unless it begins with a slash. S3: what
  /// the objects' keys begin with; may be empty.
  public var folder: String
  /// S3 only.
  public var bucket: S3Bucket?
  /// `SHA256:…`, the fingerprint of the server's host key that a person has confirmed. Without one
  /// nothing is sent: a stranger could be answering.
  public var hostKey: String?
  public var isEnabled: Bool

  public init(
    id: DestinationID, name: String, kind: Kind = .sftp, host: String, port: Int = 22,
    user: String, folder: String, bucket: S3Bucket? = nil, hostKey: String? = nil,
    isEnabled: Bool = true
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.host = host
    self.port = port
    self.user = user
    self.folder = folder
    self.bucket = bucket
    self.hostKey = hostKey
    self.isEnabled = isEnabled
  }
}

/// A bucket at an S3 endpoint (AWS, MinIO, Ceph, Google by its interoperability keys, rclone).
public struct S3Bucket: Codable, Hashable, Sendable {
  public var name: String
  /// Such as `eu-central-1`; MinIO and others take `us-east-1`.
  public var region: String
  /// Plain HTTP is for an endpoint on the same machine or network.
  public var isTLS: Bool
  /// `https://host/bucket/key`; else `https://bucket.host/key`.
  public var usesPathStyle: Bool

  public init(name: String, region: String, isTLS: Bool = true, usesPathStyle: Bool = true) {
    self.name = name
    self.region = region
    self.isTLS = isTLS
    self.usesPathStyle = usesPathStyle
  }
}

/// What kind of work made the file that is delivered.
public enum DeliveryOrigin: String, Codable, Hashable, Sendable, CaseIterable {
  case recording, conversion, episode
}

public enum DeliveryState: String, Codable, Hashable, Sendable, CaseIterable {
  case queued
  case sending
  /// The bytes are there under a temporary name; their hash is being compared.
  case verifying
  /// Under its final name, with the right hash.
  case delivered
  /// Failed; the next try is set.
  case waiting
  /// Used up its tries, or trying again is useless before a person acts.
  case dead
  /// A person gave it up.
  case discarded
}

/// Moving one finished file to one destination.
public struct Delivery: Codable, Hashable, Sendable {
  public var id: DeliveryID
  /// The recording; for other origins the id of the conversion or the episode.
  public var recording: JobID
  /// nil is a recording: what older versions said.
  public var origin: DeliveryOrigin?
  public var destination: DestinationID
  public var state: DeliveryState
  public var fileName: String
  public var bytes: Int64
  /// Tries that were begun.
  public var attempts: Int
  /// One sentence, where the state needs one.
  public var reason: String?
  public var retryAt: Instant?
  /// Where it is, once delivered.
  public var remotePath: String?
  public var updatedAt: Instant

  public init(
    id: DeliveryID, recording: JobID, origin: DeliveryOrigin? = nil,
    destination: DestinationID, state: DeliveryState, fileName: String, bytes: Int64,
    attempts: Int = 0, reason: String? = nil, retryAt: Instant? = nil,
    remotePath: String? = nil, updatedAt: Instant
  ) {
    self.id = id
    self.recording = recording
    self.origin = origin
    self.destination = destination
    self.state = state
    self.fileName = fileName
    self.bytes = bytes
    self.attempts = attempts
    self.reason = reason
    self.retryAt = retryAt
    self.remotePath = remotePath
    self.updatedAt = updatedAt
  }
}

// What the delivery service is told to do.

public struct PutDestination: CommandMessage, Hashable {
  public static let type = "destination.put"
  public var destination: Destination
  public var mustBeNew: Bool
  /// S3: the access key's secret, sealed for the delivery service (`DeliveryIdentity.sealingKey`);
  /// nil keeps the one that is known.
  public var sealedSecret: String?

  public init(destination: Destination, mustBeNew: Bool, sealedSecret: String? = nil) {
    self.destination = destination
    self.mustBeNew = mustBeNew
    self.sealedSecret = sealedSecret
  }
}

/// Forgets a destination; refused while deliveries to it are unfinished.
public struct RemoveDestination: CommandMessage, Hashable {
  public static let type = "destination.remove"
  public var destination: DestinationID

  public init(destination: DestinationID) { self.destination = destination }
}

/// Connects, logs in, and writes and removes a small file; the outcome says what happened.
public struct TestDestination: CommandMessage, Hashable {
  public static let type = "destination.test"
  public var destination: DestinationID

  public init(destination: DestinationID) { self.destination = destination }
}

/// Sends one file to one destination. The same id twice is one delivery.
public struct Deliver: DurableMessage, Hashable {
  public static let type = "delivery.request"
  public var delivery: DeliveryID
  /// The recording; for other origins the id of the conversion or the episode.
  public var recording: JobID
  /// nil is a recording: what older versions said.
  public var origin: DeliveryOrigin?
  public var destination: DestinationID
  public var file: FinishedFile

  public init(
    delivery: DeliveryID, recording: JobID, origin: DeliveryOrigin? = nil,
    destination: DestinationID, file: FinishedFile
  ) {
    self.delivery = delivery
    self.recording = recording
    self.origin = origin
    self.destination = destination
    self.file = file
  }
}

/// Tries a waiting or dead delivery again now.
public struct RetryDelivery: CommandMessage, Hashable {
  public static let type = "delivery.retry"
  public var delivery: DeliveryID

  public init(delivery: DeliveryID) { self.delivery = delivery }
}

/// Gives a delivery up; the file stays where it is.
public struct DiscardDelivery: CommandMessage, Hashable {
  public static let type = "delivery.discard"
  public var delivery: DeliveryID

  public init(delivery: DeliveryID) { self.delivery = delivery }
}

// What it says to those who follow it.

public struct DestinationChanged: DurableMessage, Hashable {
  public static let type = "destination.changed"
  public var id: DestinationID
  /// nil once it is removed.
  public var destination: Destination?
  /// One sentence while nothing can be sent there; nil when all is well or nothing was tried yet.
  public var fault: String?
  /// The fingerprint that the server showed, where it is not the confirmed one.
  public var foundHostKey: String?

  public init(
    id: DestinationID, destination: Destination?, fault: String? = nil,
    foundHostKey: String? = nil
  ) {
    self.id = id
    self.destination = destination
    self.fault = fault
    self.foundHostKey = foundHostKey
  }
}

public struct DeliveryChanged: DurableMessage, Hashable {
  public static let type = "delivery.changed"
  public var delivery: Delivery

  public init(delivery: Delivery) { self.delivery = delivery }
}

/// Deliveries that ended so long ago that they are no longer kept; at most 500 a message.
public struct DeliveriesForgotten: DurableMessage, Hashable {
  public static let type = "deliveries.forgotten"
  public var deliveries: [DeliveryID]

  public init(deliveries: [DeliveryID]) { self.deliveries = deliveries }
}

/// The key that servers must accept (one line for `authorized_keys`); said at every start.
public struct DeliveryIdentity: DurableMessage, Hashable {
  public static let type = "delivery.identity"
  public var publicKey: String
  /// For secrets that only the delivery service may read: an X25519 public key for libsodium's
  /// sealed boxes, in Base64.
  public var sealingKey: String?

  public init(publicKey: String, sealingKey: String? = nil) {
    self.publicKey = publicKey
    self.sealingKey = sealingKey
  }
}

public struct DeliveryProgress: TelemetryMessage, Hashable {
  public static let type = "delivery.progress"
  public var delivery: DeliveryID
  public var sentBytes: Int64
  public var totalBytes: Int64

  public init(delivery: DeliveryID, sentBytes: Int64, totalBytes: Int64) {
    self.delivery = delivery
    self.sentBytes = sentBytes
    self.totalBytes = totalBytes
  }
}
