/// What a kind of failure means for the delivery that met it: the one table.
enum FailureClass: Hashable, Sendable {
  /// Passes by itself, perhaps only in a day: tried again for long.
  case outage
  /// May have been an accident: tried again a few times.
  case fault
  /// Somebody must act at the far end; tried again now and then, to notice that they have.
  case awaitsThem
  /// Nothing can change before the destination is edited here; not tried until then.
  case awaitsEdit
  /// Trying again would only meet the same: a dead letter at once.
  case useless
}

extension DeliveryError.Kind {
  var failureClass: FailureClass {
    switch self {
    case .unreachable, .timeout, .connectionLost, .noSpace, .interrupted, .unavailable: .outage
    case .refused, .verification, .protocolFault: .fault
    case .authentication, .permission, .missingFolder, .identity, .insecure: .awaitsThem
    case .hostKeyUnknown, .missingSecret: .awaitsEdit
    case .hostKeyChanged, .unsupportedServer, .missingSource, .sourceChanged, .missingDestination,
      .nameTaken, .poison, .wrongEndpoint:
      .useless
    }
  }

  /// Whether an edit or a passed test of the destination shows that it may be mended, so that even a
  /// dead letter is tried again.
  var mayHealByEdit: Bool {
    switch self {
    case .missingSource, .sourceChanged, .verification, .poison, .interrupted, .identity: false
    default: true
    }
  }

  /// Whether it is about the destination as a whole, so that it is shown there.
  var concernsDestination: Bool {
    switch self {
    case .permission, .noSpace, .missingFolder: true
    default: concernsServer
    }
  }

  /// Whether every delivery to the same server would meet it, so that one probe now and then is
  /// enough.
  var concernsServer: Bool {
    switch self {
    case .unreachable, .timeout, .connectionLost, .hostKeyUnknown, .hostKeyChanged,
      .unsupportedServer, .authentication, .identity, .protocolFault, .insecure, .unavailable,
      .wrongEndpoint, .missingSecret:
      true
    case .permission, .noSpace, .missingFolder, .missingSource, .sourceChanged, .nameTaken,
      .verification, .refused, .missingDestination, .interrupted, .poison:
      false
    }
  }
}
