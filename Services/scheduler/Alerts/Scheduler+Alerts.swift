internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Looks at streams and recorders now and then, and says to the delivery service what people must
/// hear of. What was raised is a row in the transaction that says so: after a crash nothing is
/// raised twice, and no end is forgotten.
extension Scheduler {
  private static let alertInterval = Duration.seconds(2)

  func raiseAlerts() throws {
    let now = time.monotonic()
    guard alertsLookedAt.map({ now - $0 >= Self.alertInterval }) ?? true else { return }
    alertsLookedAt = now
    let recorders = roster.withLock { roster in
      roster.members.map { node, member in
        AlertPolicy.Recorder(
          node: node, isPresent: member.isPresent, silence: now - member.heardAt,
          hasLeft: member.heartbeat?.state == .draining)
      }
    }
    let troubles = roster.withLock { roster in
      roster.members.map { node, member in
        HealthAlertPolicy.Recorder(
          node: node, isPresent: member.isPresent, faults: member.heartbeat?.faults ?? [],
          diskFullAt: member.heartbeat?.recorder?.diskFullAt)
      }
    }
    let (sight, raised) = try read { transaction in
      (
        AlertPolicy.Sight(
          names: Dictionary(
            uniqueKeysWithValues: try StreamCatalog.all(transaction).map { ($0.id, $0.name) }),
          captures: try StreamCatalog.captures(transaction), recorders: recorders),
        try RaisedAlertCatalog.all(transaction)
      )
    }
    let ofHealth = raised.filter { HealthAlertPolicy.owns($0) }
    let actions =
      alerts.look(at: sight, raised: raised.subtracting(ofHealth), now: time.now())
      + healthAlerts.look(
        at: sight, troubles: troubles, raised: ofHealth, now: time.now(), monotonic: now)
    guard !actions.isEmpty else { return }
    let (outbox, delivery) = (outbox, SchedulerService.delivery)
    try write { transaction in
      for action in actions {
        switch action {
        case .raise(let alert):
          try RaisedAlertCatalog.add(alert.id, at: alert.at, transaction)
          try outbox.send(alert, to: delivery, in: transaction)
        case .end(let alert):
          try RaisedAlertCatalog.remove(alert.id, transaction)
          try outbox.send(alert, to: delivery, in: transaction)
        }
      }
    }
  }
}
