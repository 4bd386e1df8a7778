internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Between converters, which bind nothing, and everybody else: keeps what they said last of each drop
/// and says it to all who follow, has what was made delivered, tells people of what failed, and
/// passes commands on to the converter that has the drop.
///
/// All of one report is one transaction, so none of it is done twice or by half. A delivery's id
/// follows from the conversion, the file's content and the destination: the same report again asks
/// for nothing new, and a drop that was converted anew is sent anew.
struct ConversionRelay: Sendable {
  let outbox: Outbox
  /// The node that delivers files and mails alerts.
  let delivery: NodeID

  func register(in handlers: inout BusHandlers) {
    handlers.on(ConversionReported.self) { report, received, transaction in
      try take(report, from: received.from, transaction)
    }
    handlers.on(RetryConversion.self) { command, received, transaction in
      try pass(command, on: command.conversion, received, transaction)
    }
    handlers.on(CancelConversion.self) { command, received, transaction in
      try pass(command, on: command.conversion, received, transaction)
    }
    // What a converter says of a command is said to all who wait for it.
    handlers.on(CommandOutcome.self) { outcome, _, transaction in
      try outbox.publish(outcome, answering: outcome.command, in: transaction)
    }
  }

  func take(
    _ report: ConversionReported, from node: NodeID, _ transaction: Transaction
  ) throws {
    let conversion = report.conversion
    guard conversion.node == node else {
      throw MessageRefused("\(node) speaks of a drop of \(conversion.node)")
    }
    let known = try ConversionCatalog.find(conversion.id, transaction)
    if known == conversion { return }
    try ConversionCatalog.save(conversion, transaction)
    try outbox.publish(
      ConversionChanged(id: conversion.id, conversion: conversion), in: transaction)
    if conversion.state == .converted, let file = conversion.file {
      for destination in report.destinations {
        try outbox.send(
          Deliver(
            delivery: Self.deliveryID(conversion.id, file, destination),
            recording: conversion.id, origin: .conversion, destination: destination, file: file),
          to: delivery, in: transaction)
      }
    }
    try alert(of: conversion, before: known, transaction)
  }

  /// Raises an alert for what needs a person, and ends it when somebody has acted.
  private func alert(
    of conversion: Conversion, before known: Conversion?, _ transaction: Transaction
  ) throws {
    let id = AlertID(unchecked: "conversion-failed.\(conversion.id)")
    let needs = Self.needsPerson(conversion)
    let needed = known.map(Self.needsPerson) ?? false
    if needs, !needed || known?.reason != conversion.reason {
      try outbox.send(
        RaiseAlert(
          id: id, severity: .warning, subject: Self.subject(conversion),
          text: Self.text(conversion), at: conversion.updatedAt),
        to: delivery, in: transaction)
    } else if !needs, needed {
      try outbox.send(
        EndAlert(
          id: id, text: "The drop is \(conversion.state.rawValue) now.", at: conversion.updatedAt),
        to: delivery, in: transaction)
    }
  }

  private static func needsPerson(_ conversion: Conversion) -> Bool {
    conversion.state == .failed && conversion.isCancelled != true
  }

  /// At most 150 characters and one line, as the mail's subject must be.
  private static func subject(_ conversion: Conversion) -> String {
    let name = String(conversion.name.map { $0.isNewline || $0.isControl ? " " : $0 })
    return "A drop was not converted: " + name.prefix(110)
  }

  private static func text(_ conversion: Conversion) -> String {
    """
    \(conversion.path) on \(conversion.node) was set aside after \(conversion.attempts) tries.
    \(conversion.reason ?? "It failed.")
    The drop is where it was. Have it tried again from the page of conversions, or replace it.
    """
  }

  /// To the converter that has the drop, under the command's own id, so that its outcome finds those
  /// who wait.
  private func pass(
    _ command: some CommandMessage, on id: JobID, _ received: Received,
    _ transaction: Transaction
  ) throws {
    guard let conversion = try ConversionCatalog.find(id, transaction) else {
      try outbox.publish(
        CommandOutcome(
          command: received.id, refusal: .notFound, field: "conversion",
          text: "There is no conversion '\(id)'."),
        answering: received.id, in: transaction)
      return
    }
    try outbox.send(
      command, to: conversion.node, answering: received.id, id: received.id, in: transaction)
  }

  static func deliveryID(
    _ id: JobID, _ file: FinishedFile, _ destination: DestinationID
  ) -> DeliveryID {
    let identity = "\(id)|\(file.sha256)|\(file.name)|\(destination)"
    return DeliveryID(unchecked: hexadecimal(SHA256.hash(identity.utf8).prefix(16)))
  }
}

extension Character {
  fileprivate var isControl: Bool {
    unicodeScalars.contains { $0.value < 0x20 || (0x7F...0x9F).contains($0.value) }
  }
}
