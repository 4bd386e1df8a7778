internal import Base
internal import CCurl

/// Drives every transfer of one client; made and run on the client's thread, and owner of all
/// libcurl handles.
final class TransferLoop {
  private let mailbox: Mailbox
  private let addresses: AddressFilter
  private let gather: Duration
  private let certificates: String
  private let time: any TimeSource
  private var transfers: [UInt64: Transfer] = [:]
  private var spareHandles: [EasyHandle] = []
  private var isStopped = false

  private static let spareHandleLimit = 32

  init(
    mailbox: Mailbox, addresses: AddressFilter, gather: Duration, certificates: String,
    time: any TimeSource
  ) {
    self.mailbox = mailbox
    self.addresses = addresses
    self.gather = gather
    self.certificates = certificates
    self.time = time
  }

  func run() {
    while !isStopped {
      for order in mailbox.take() { obey(order) }
      var running: Int32 = 0
      curl_multi_perform(mailbox.multi, &running)
      collectFinished()
      if isStopped { break }
      if gather > .zero, !transfers.isEmpty, transfers.values.allSatisfy(\.isFlowing) {
        mailbox.rest(gather)
      }
      // Ends early for a wake-up, a socket, or a timer of libcurl's own.
      curl_multi_poll(mailbox.multi, nil, 0, 60_000, nil)
    }
    end()
  }

  private func obey(_ order: Mailbox.Order) {
    switch order {
    case .start(let identifier, let request, let sink): start(identifier, request, sink)
    case .resume(let identifier): transfers[identifier]?.resume()
    case .cancel(let identifier):
      guard let transfer = transfers[identifier] else { return }
      remove(transfer)
      transfer.finish(.cancelled)
    case .stop: isStopped = true
    }
  }

  private func start(_ identifier: UInt64, _ request: HTTPRequest, _ sink: any HTTPSink) {
    let transfer = Transfer(
      identifier: identifier, easy: spareHandles.popLast() ?? EasyHandle(), request: request,
      sink: sink, addresses: addresses, time: time)
    guard transfer.prepare() else { return }
    if !certificates.isEmpty { transfer.easy.set(CURLOPT_CAINFO, certificates) }
    transfers[identifier] = transfer
    curl_multi_add_handle(mailbox.multi, transfer.easy.pointer)
  }

  private func collectFinished() {
    var remaining: Int32 = 0
    while let message = curl_multi_info_read(mailbox.multi, &remaining) {
      var result = CURLE_OK
      guard let easy = airloom_curl_finished(message, &result) else { continue }
      var context: UnsafeMutablePointer<CChar>?
      airloom_curl_get_text(easy, CURLINFO_PRIVATE, &context)
      let transfer = Transfer.from(UnsafeMutableRawPointer(context))
      // The result's details are read from the handle before it may be used again.
      transfer.finish(result)
      remove(transfer)
    }
  }

  private func remove(_ transfer: Transfer) {
    curl_multi_remove_handle(mailbox.multi, transfer.easy.pointer)
    transfers[transfer.identifier] = nil
    if spareHandles.count < TransferLoop.spareHandleLimit { spareHandles.append(transfer.easy) }
  }

  /// Every sink hears of its end, also those whose transfer had not begun.
  private func end() {
    for order in mailbox.close() {
      guard case .start(_, let request, let sink) = order else { continue }
      sink.finish(HTTPError(.cancelled, url: request.url))
    }
    for transfer in Array(transfers.values) {
      remove(transfer)
      transfer.finish(.cancelled)
    }
    spareHandles = []
    curl_multi_cleanup(mailbox.multi)
  }
}
