internal import Base
internal import CSSH2

/// One try to bring a file to an SFTP server; every step may be the last before a crash, of this
/// process, the line or the server, and the next try must end with exactly one right file.
///
/// The order, and why each point is safe to die at:
/// 1. The bytes gather in a hidden partial file whose name follows from delivery, content and
///    target, so the next try finds it and nobody else's. It is resumed only when its hash equals
///    that of as many bytes of the source; anything else there is removed. A writer of an earlier
///    try that still lives writes the same bytes at the same places.
/// 2. It is synced, then hashed at the far end as a whole. Only then
/// 3. it is renamed. The rename never replaces: OpenSSH refuses an existing name, so two tries at
///    once cannot both win, and the final name never shows a part of a file.
/// 4. A rename whose answer was lost is found by the next try as "already there", by hash.
///
/// Blocks its thread. Cleans up nothing when interrupted, as if it had been killed.
struct UploadAttempt {
  private let upload: Upload
  private let endpoint: SSHEndpoint
  private let timeouts: SSHTimeouts
  private let interruption: Interruption
  private let report: (UploadEvent) -> Void

  init(
    _ upload: Upload, to endpoint: SSHEndpoint, timeouts: SSHTimeouts,
    interruption: Interruption, report: @escaping (UploadEvent) -> Void
  ) {
    self.upload = upload
    self.endpoint = endpoint
    self.timeouts = timeouts
    self.interruption = interruption
    self.report = report
  }

  func run() throws(DeliveryError) -> Receipt {
    let (source, hash) = try SourceFile.verified(upload, interruption: interruption)
    guard
      let path = RemotePath(
        folder: upload.folder, name: upload.name, delivery: upload.delivery, contentHash: hash)
    else {
      throw DeliveryError(
        .nameTaken, "“\(upload.name)” cannot be a file's name: change the destination's template.")
    }
    try reach(.sourceHashed)
    let ssh = try SSHSession.open(endpoint, timeouts: timeouts, interruption: interruption)
    try reach(.connected)
    let far = try FarEnd(SFTPSession(over: ssh), path: path, size: source.size, hash: hash)
    return try deliver(source, to: far)
  }

  private func deliver(_ source: SourceFile, to far: FarEnd) throws(DeliveryError) -> Receipt {
    try far.prepareFolder(makes: upload.makesFolders)
    try reach(.folderReady)
    var choice = try far.chooseName()
    try reach(.nameChosen)
    if case .alreadyThere(let target) = choice {
      return try finish(far, at: target, isSynced: false, wasThere: true, bytesSent: 0)
    }
    let sent = try send(source, to: far)
    guard try far.isWhole(far.path.partial) else {
      // What cannot be trusted is not kept: the next try starts from nothing.
      try far.sftp.remove(far.path.partial)
      throw DeliveryError(
        .verification,
        "What arrived at \(endpoint.address) is not what was sent (its SHA-256 differs): it was removed "
          + "there and will be sent again; if this repeats, check that server's disk and memory.")
    }
    try reach(.verified)
    // A name may be taken between choosing and renaming, hence more than one round.
    for _ in 0..<3 {
      switch choice {
      case .alreadyThere(let target):
        return try finish(
          far, at: target, isSynced: sent.isSynced, wasThere: true, bytesSent: sent.bytes)
      case .free(let target):
        if try far.publish(as: target) {
          try reach(.renamed)
          return try finish(
            far, at: target, isSynced: sent.isSynced, wasThere: false, bytesSent: sent.bytes)
        }
        choice = try far.chooseName()
      }
    }
    throw DeliveryError(
      .nameTaken,
      "\(far.path.target) on \(endpoint.address) is taken by somebody else again and again: find out "
        + "who writes there.")
  }

  private func send(
    _ source: SourceFile, to far: FarEnd
  ) throws(DeliveryError) -> (bytes: Int64, isSynced: Bool) {
    let offset = try far.resumableBytes { (count) throws(DeliveryError) in
      try source.hash(first: count, interruption: interruption)
    }
    try far.checkSpace(for: source.size - offset)
    let file = try far.openPartial(at: offset)
    try reach(.partialReady)
    var window = SendWindow(over: source, from: offset)
    do throws(DeliveryError) {
      while true {
        report(.progress(sent: window.position, of: source.size))
        let bytes = try window.bytes()
        if bytes.isEmpty { break }
        window.acknowledge(try file.write(bytes))
      }
    } catch {
      throw far.explained(error, missing: source.size - window.position)
    }
    try reach(.bytesSent)
    let isSynced = try file.sync()
    try file.close()
    try reach(.synced)
    return (source.size - offset, isSynced)
  }

  private func finish(
    _ far: FarEnd, at target: String, isSynced: Bool, wasThere: Bool, bytesSent: Int64
  ) throws(DeliveryError) -> Receipt {
    try far.confirm(target)
    try reach(.confirmed)
    return Receipt(
      remotePath: target, size: far.size, hash: far.hash, hashMethod: far.lastHashMethod,
      isSynced: isSynced, wasThere: wasThere, bytesSent: bytesSent)
  }

  private func reach(_ step: UploadStep) throws(DeliveryError) {
    report(.reached(step))
    if interruption.isTriggered { throw DeliveryError.stopped }
  }
}
