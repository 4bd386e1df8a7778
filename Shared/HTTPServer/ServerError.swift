internal import Base

/// Why a server could not start.
public struct ServerError: Error, Hashable, Sendable, CustomStringConvertible {
  public enum Kind: Hashable, Sendable {
    /// Somebody else listens there.
    case addressInUse
    /// The port needs more rights, or the folder of the socket may not be written.
    case notPermitted
    /// The address is none, or none of this machine.
    case badAddress
    case system(Int32)
  }

  public let kind: Kind
  public let description: String
}
