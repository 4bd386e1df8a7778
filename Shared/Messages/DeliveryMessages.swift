public import Base

/// A place that finished files are sent to.
public struct Destination: Codable, Hashable, Sendable {
  public enum Kind: String, Codable, Hashable, Sendable, CaseIterable { case sftp }

  public var id: DestinationID
  public var name: String
  public var kind: Kind
  public var host: String
  public var port: Int
  public var user: String
  /// On the server; must exist. Relative to the user's home unless it begins with a slash.
  public var folder: String
  /// `SHA256:…`, the fingerprint of the server's host key that a person has confirmed. Without one
  /// nothing is sent: a stranger could be answering.
  public var hostKey: String?
  public var isEnabled: Bool

  public init(
    id: DestinationID, name: String, kind: Kind = .sftp, host: String, port: Int = 22,
    user: String, folder: String, hostKey: String? = nil, isEnabled: Bool = true
  ) {
    self.id = id
    self.name = name
    self.kind = kind
    self.host = host
    self.port = port
    self.user = user
    self.folder = folder
    self.hostKey = hostKey
    self.isEnabled = isEnabled
  }
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
  public var recording: JobID
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
    id: DeliveryID, recording: JobID, destination: DestinationID, state: DeliveryState,
    fileName: String, bytes: Int64, attempts: Int = 0, reason: String? = nil,
    retryAt: Instant? = nil, remotePath: String? = nil, updatedAt: Instant
  ) {
    self.id = id
    self.recording = recording
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

  public init(destination: Destination, mustBeNew: Bool) {
    self.destination = destination
    self.mustBeNew = mustBeNew
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
  public var recording: JobID
  public var destination: DestinationID
  public var file: FinishedFile

  public init(
    delivery: DeliveryID, recording: JobID, destination: DestinationID, file: FinishedFile
  ) {
    self.delivery = delivery
    self.recording = recording
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

/// The key that servers must accept (one line for `authorized_keys`); said at every start.
public struct DeliveryIdentity: DurableMessage, Hashable {
  public static let type = "delivery.identity"
  public var publicKey: String

  public init(publicKey: String) { self.publicKey = publicKey }
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
