import Base
import Messages
import Synchronization

/// Asks nodes for what their control socket answers, by telemetry: nothing is kept, and a node that
/// does not answer in time is taken for silent.
final class ControlDesk: Sendable {
  private static let patience = Duration.seconds(3)

  private let waiting = Mutex<[MessageID: CheckedContinuation<String?, Never>]>([:])
  private let send: @Sendable (ControlRequest, NodeID) -> Void

  init(send: @escaping @Sendable (ControlRequest, NodeID) -> Void) { self.send = send }

  /// The node's answer as JSON; nil where there was none.
  func ask(_ node: NodeID, _ command: ControlCommand) async -> String? {
    let id = MessageID.random()
    let alarm = Task {
      try? await Task.sleep(for: ControlDesk.patience)
      finish(id, nil)
    }
    defer { alarm.cancel() }
    return await withTaskCancellationHandler {
      await withCheckedContinuation { continuation in
        waiting.withLock { $0[id] = continuation }
        if Task.isCancelled { return finish(id, nil) }
        send(ControlRequest(id: id, command: command), node)
      }
    } onCancel: {
      finish(id, nil)
    }
  }

  func settle(_ reply: ControlReply) { finish(reply.id, reply.body) }

  private func finish(_ id: MessageID, _ body: String?) {
    waiting.withLock { $0.removeValue(forKey: id) }?.resume(returning: body)
  }
}
