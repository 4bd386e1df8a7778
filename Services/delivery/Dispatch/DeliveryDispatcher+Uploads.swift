internal import Base
internal import Messages
internal import Storage

/// One upload from the choice to the stored end.
extension DeliveryDispatcher {
  func begin(_ candidate: DispatchPlan.Candidate) async {
    let id = candidate.delivery
    do {
      let interruption = try Interruption()
      // Before the row says `sending`, so that whoever discards it then can stop it.
      signals.began(id, interruption)
      guard let task = try await count(id) else {
        signals.ended(id)
        plan.ended(id, failure: .interrupted, at: time.now())
        return
      }
      let uploader = idle[task.place.kind]?.popLast() ?? newUploader(task.place.kind)
      tasks[id] = Task { await self.carryOut(task, with: uploader, interruption) }
    } catch {
      log.error("an upload cannot be begun", ("delivery", id), ("reason", "\(error)"))
      signals.ended(id)
      plan.ended(id, failure: .interrupted, at: time.now())
    }
  }

  /// Counts the try before it is made; nil where there is nothing to do any more.
  private func count(_ id: DeliveryID) async throws -> UploadTask? {
    let book = book
    let key = identity.privateKeyPath
    return try await database.write { transaction in
      guard let row = try DeliveryCatalog.find(id, transaction),
        row.standing.state == .queued || row.standing.state == .waiting,
        let destination = try DestinationCatalog.find(row.destination, transaction),
        destination.destination.isEnabled,
        let begun = try book.apply(.begun, to: row, transaction)
      else { return nil }
      let number = begun.standing.attempts
      try AttemptCatalog.begin(id, number: number, at: book.time.now(), transaction)
      return UploadTask(
        upload: row.upload(to: destination.destination), destination: destination,
        place: destination.place(privateKeyPath: key), number: number, bytes: row.bytes)
    }
  }

  private func carryOut(
    _ task: UploadTask, with uploader: any Uploader, _ interruption: Interruption
  ) async {
    let id = task.upload.delivery
    let start = time.monotonic()
    let result = await attempt(task, with: uploader, interruption)
    metrics.count(result, took: time.monotonic() - start)
    await store(result, of: task)
    signals.ended(id)
    tasks[id] = nil
    idle[task.place.kind, default: []].append(uploader)
    plan.ended(id, failure: result.failure?.kind, at: time.now())
    signals.wake()
  }

  private func attempt(
    _ task: UploadTask, with uploader: any Uploader, _ interruption: Interruption
  ) async -> Result<Receipt, DeliveryError> {
    let id = task.upload.delivery
    let file = DeliveryLog(folder: logsFolder, delivery: id)
    let ownLog = Logger(level: .info, time: time) { file.append($0) }
    let (verifying, continuation) = AsyncStream<Void>.makeStream()
    let database = database
    let book = book
    // Told apart from the end, so that the row says `verifying` while the far end hashes.
    let told = Task {
      for await _ in verifying {
        _ = try? await database.write { transaction in
          guard let row = try DeliveryCatalog.find(id, transaction) else { return }
          try book.apply(.bytesSent, to: row, transaction)
        }
      }
    }
    let watcher = UploadWatcher(
      task, log: ownLog, time: time, onProgress: surroundings.onProgress,
      onBytesSent: { continuation.yield() })
    await uploader.perform { watcher.noteBegin() }
    let result: Result<Receipt, DeliveryError>
    do throws(DeliveryError) {
      if task.place.kind == .sftp { _ = try await identity.current() }
      result = .success(
        try await uploader.send(task, interruption: interruption) { watcher.note($0) })
    } catch {
      result = .failure(error)
    }
    await uploader.perform { watcher.noteEnd(result) }
    continuation.finish()
    await told.value
    return result
  }

  /// Stores the end of a try. There is no going on before it is stored: a delivery whose end is not
  /// known would be sent again.
  private func store(_ result: Result<Receipt, DeliveryError>, of task: UploadTask) async {
    while true {
      do {
        try await write(result, of: task)
        return
      } catch {
        log.error(
          "the end of an upload cannot be stored", ("delivery", task.upload.delivery),
          ("reason", "\(error)"))
        // When this process is to end, the next start finds the row as it is.
        if isStopping { return }
        try? await Task.sleep(for: .seconds(1))
      }
    }
  }

  private func write(_ result: Result<Receipt, DeliveryError>, of task: UploadTask) async throws {
    let book = book
    let id = task.upload.delivery
    try await database.write { transaction in
      try AttemptCatalog.end(
        id, number: task.number, with: result, at: book.time.now(), transaction)
      guard let row = try DeliveryCatalog.find(id, transaction) else { return }
      let now = try DestinationCatalog.find(row.destination, transaction)
      let isOutdated = now.map { !$0.hasSettings(of: task.destination) } ?? false
      switch result {
      case .success(let receipt):
        try book.apply(.delivered(remotePath: receipt.remotePath), to: row, transaction)
      case .failure(let error) where isOutdated && error.kind.mayHealByEdit:
        // Of settings that a person has mended while it ran: what `mend` gave to those that waited
        // is this one's too.
        let stopped = DeliveryError(.interrupted, "The destination was edited meanwhile.")
        try book.apply(.failed(stopped), to: row, transaction)
      case .failure(let error): try book.apply(.failed(error), to: row, transaction)
      }
      if result.failure?.kind != .interrupted, !isOutdated {
        try book.note(result.failure, of: row.destination, transaction)
      }
    }
  }

  private func newUploader(_ kind: Destination.Kind) -> any Uploader {
    uploaders += 1
    let name = "upload-\(uploaders)"
    return switch kind {
    case .sftp: SFTPUploader(named: name, timeouts: limits.timeouts)
    case .s3: newS3Uploader(named: name)
    }
  }

  func newS3Uploader(named name: String) -> S3Uploader {
    S3Uploader(
      named: name, secrets: secrets, book: MultipartBook(database: database), limits: limits.s3,
      time: time)
  }
}

extension Result {
  var failure: Failure? {
    if case .failure(let error) = self { return error }
    return nil
  }
}
