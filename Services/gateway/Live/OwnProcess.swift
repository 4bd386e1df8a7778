import Messages

/// What the gateway's own process can say of itself, to be shown beside the other nodes.
struct OwnProcess: Sendable {
  var health: @Sendable () -> (isWell: Bool, report: [UInt8])
  var metrics: @Sendable () -> String
  var metricsContentType: String
  var answer: @Sendable (ControlCommand) -> [UInt8]
  var heartbeat: @Sendable () -> Heartbeat
  /// A loop of ours has come round.
  var step: @Sendable () -> Void
}
