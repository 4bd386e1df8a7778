internal import Bus
internal import Messages
internal import Synchronization

/// Passes progress on to the bus, which is made after those who report.
final class ProgressRelay: Sendable {
  private let node = Mutex<BusNode?>(nil)

  func connect(to node: BusNode) { self.node.withLock { $0 = node } }

  func report(_ progress: ConversionProgress) { node.withLock { $0 }?.report(progress) }
}
