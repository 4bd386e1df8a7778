internal import Base
internal import Bus
internal import Messages
internal import Storage

/// Answers a wish to test a destination: probes it, and says what came of it in the transaction that
/// forgets the wish. After a crash the wish is still there and the probe is made again.
struct DestinationTester: Sendable {
  let database: Database
  let book: DeliveryBook
  let identity: IdentityKeeper
  let timeouts: SSHTimeouts
  let s3: S3Uploader

  func run(_ test: AskedTest, _ interruption: Interruption) async throws {
    let id = test.destination
    guard let row = try await database.read({ try DestinationCatalog.find(id, $0) }) else {
      return try await answer(
        test,
        CommandOutcome(
          command: test.command, refusal: .notFound, field: "destination",
          text: "There is no destination '\(id)' any more."), nil)
    }
    do throws(DeliveryError) {
      try await probe(row, interruption)
    } catch {
      if error.kind == .interrupted { return }
      let field = error.fingerprint == nil ? nil : "hostKey"
      return try await answer(
        test,
        CommandOutcome(
          command: test.command, refusal: .failed, field: field, text: error.reason),
        .failure(error))
    }
    try await answer(
      test, CommandOutcome(command: test.command, text: success(row)), .success(row.destination))
  }

  private func probe(
    _ row: DestinationRow, _ interruption: Interruption
  ) async throws(DeliveryError) {
    switch row.place(privateKeyPath: identity.privateKeyPath) {
    case .sftp(let endpoint):
      _ = try await identity.current()
      try await SFTPUploader(named: "destination-test", timeouts: timeouts).probe(
        endpoint, folder: row.destination.folder, makesFolders: false, interruption: interruption)
    case .s3(let endpoint):
      try await s3.probe(endpoint, prefix: row.destination.folder, interruption: interruption)
    }
  }

  private func success(_ row: DestinationRow) -> String {
    let destination = row.destination
    if let bucket = destination.bucket, destination.kind == .s3 {
      let line = bucket.isTLS ? "over TLS" : "without TLS"
      return "Wrote, compared and removed a small object in the bucket '\(bucket.name)' at "
        + "\(row.server), \(line)."
    }
    let place = destination.folder.isEmpty ? "the home folder" : "'\(destination.folder)'"
    return
      "Logged in at \(row.server) as \(destination.user), whose host key is the confirmed one, and "
      + "wrote, checked and removed a small file in \(place)."
  }

  /// `result` says what was learned of the destination as it was tested; nil: nothing.
  private func answer(
    _ test: AskedTest, _ outcome: CommandOutcome, _ result: Result<Destination, DeliveryError>?
  ) async throws {
    let book = book
    try await database.write { transaction in
      try TestCatalog.remove(test.command, transaction)
      try book.outbox.publish(outcome, answering: test.command, in: transaction)
      guard let result, let row = try DestinationCatalog.find(test.destination, transaction)
      else { return }
      switch result {
      case .failure(let error): try book.note(error, of: test.destination, transaction)
      case .success(let tested):
        // One that was edited meanwhile is not the one that was tested.
        guard row.destination == tested else { return }
        try book.note(nil, of: test.destination, transaction)
        try book.mend(row, transaction)
      }
    }
  }
}
