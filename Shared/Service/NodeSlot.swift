internal import Base
internal import Configuration

/// A name on the bus, and the lock that makes it this process's own for as long as it lives.
struct NodeSlot {
  /// More workers of a kind than any host runs; a bound, so that a lock that can never be had (a file
  /// system without flock) ends in a sentence.
  static let limit = 64

  let node: NodeID
  let lock: InstanceLock

  /// Takes the named slot or the first free one. Two processes that come at once cannot get the same:
  /// the kernel gives a lock to one of them, also where they are in different containers of one host.
  ///
  /// - Throws: `ServiceError`, `.alreadyRunning` where the name is held, `.unavailable` where all are.
  static func take(_ choice: NodeChoice, in home: Home) throws(ServiceError) -> NodeSlot {
    switch choice {
    case .named(let node):
      return NodeSlot(
        node: node, lock: try InstanceLock(path: home.lock(of: node), node: node.text))
    case .firstFree(let service):
      for number in 1...limit {
        let node = NodeID(unchecked: "\(service)-\(number)")
        do throws(ServiceError) {
          return NodeSlot(
            node: node, lock: try InstanceLock(path: home.lock(of: node), node: node.text))
        } catch {
          guard error.code == .alreadyRunning else { throw error }
        }
      }
      throw ServiceError(
        .unavailable,
        "\(service)-1 to \(service)-\(limit) all run already on this home folder: stop some, or name "
          + "this one with --node")
    }
  }
}
