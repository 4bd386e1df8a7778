internal import Base
internal import CCurl
internal import Glibc

/// One transfer in progress: takes what libcurl calls back with and hands it to the sink.
///
/// Lives on the client's thread; libcurl holds it by an unretained pointer, so the loop must keep
/// it until the easy handle has left the multi handle.
final class Transfer {
  let identifier: UInt64
  let easy: EasyHandle
  private let request: HTTPRequest
  private let sink: any HTTPSink
  private let addresses: AddressFilter
  private let time: any TimeSource
  private var parser: HeadParser
  private var received: Int64 = 0
  /// How much of the body source was read.
  private var sent: Int64 = 0
  private var isPaused = false
  private var refusedAddress = false
  /// Why we ourselves broke the transfer off; what libcurl then reports is only its echo.
  private var ownFailure: HTTPError?

  init(
    identifier: UInt64, easy: EasyHandle, request: HTTPRequest, sink: any HTTPSink,
    addresses: AddressFilter, time: any TimeSource
  ) {
    self.identifier = identifier
    self.easy = easy
    self.request = request
    self.sink = sink
    self.addresses = addresses
    self.time = time
    parser = HeadParser(followsRedirects: request.followsRedirects)
  }

  /// Sets the handle up; false when the request cannot be sent, after telling the sink.
  func prepare() -> Bool {
    easy.reset()
    guard easy.apply(request) else {
      sink.finish(error(.invalidRequest, "its URL or a header is malformed"))
      return false
    }
    let context = Unmanaged.passUnretained(self).toOpaque()
    airloom_curl_set_pointer(easy.pointer, CURLOPT_PRIVATE, context)
    airloom_curl_set_pointer(easy.pointer, CURLOPT_HEADERDATA, context)
    airloom_curl_set_pointer(easy.pointer, CURLOPT_WRITEDATA, context)
    airloom_curl_set_receiver(easy.pointer, CURLOPT_HEADERFUNCTION) { bytes, size, count, context in
      Transfer.from(context).takeHeader(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    airloom_curl_set_receiver(easy.pointer, CURLOPT_WRITEFUNCTION) { bytes, size, count, context in
      Transfer.from(context).takeBody(UnsafeRawBufferPointer(start: bytes, count: size * count))
    }
    if case .publicInternet = addresses, request.unixSocketPath == nil {
      airloom_curl_set_pointer(easy.pointer, CURLOPT_OPENSOCKETDATA, context)
      airloom_curl_set_opener(easy.pointer) { context, purpose, address in
        guard let address else { return CURL_SOCKET_BAD }
        return Transfer.from(context).openSocket(address)
      }
    }
    if request.bodySource != nil { prepareBody(context) }
    return true
  }

  private func prepareBody(_ context: UnsafeMutableRawPointer) {
    airloom_curl_set_pointer(easy.pointer, CURLOPT_READDATA, context)
    airloom_curl_set_pointer(easy.pointer, CURLOPT_SEEKDATA, context)
    airloom_curl_set_reader(easy.pointer) { bytes, size, count, context in
      Transfer.from(context).giveBody(
        UnsafeMutableRawBufferPointer(start: bytes, count: size * count))
    }
    airloom_curl_set_seeker(easy.pointer) { context, offset, origin in
      Transfer.from(context).seekBody(to: Int64(offset), from: origin)
    }
  }

  /// An answer without an end that has begun to come: nobody waits for its next bytes.
  var isFlowing: Bool { received > 0 && request.timeout == nil }

  static func from(_ context: UnsafeMutableRawPointer?) -> Transfer {
    guard let context else { preconditionFailure("a libcurl callback came without its transfer") }
    return Unmanaged<Transfer>.fromOpaque(context).takeUnretainedValue()
  }

  /// libcurl may call back from within, with what it had kept.
  func resume() {
    guard isPaused else { return }
    isPaused = false
    curl_easy_pause(easy.pointer, CURLPAUSE_CONT)
  }

  func finish(_ result: CURLcode) {
    if result == CURLE_OK && ownFailure == nil {
      sink.finish(nil)
    } else if result == CURLE_COULDNT_CONNECT && refusedAddress {
      sink.finish(error(.forbiddenAddress))
    } else {
      sink.finish(ownFailure ?? HTTPError(result, of: request, on: easy))
    }
  }

  func finish(_ kind: HTTPError.Kind) { sink.finish(error(kind)) }

  /// Called for each address of the host in turn; the last refusal is what the sink hears of where no
  /// other address answered.
  private func openSocket(_ address: UnsafeMutablePointer<curl_sockaddr>) -> curl_socket_t {
    let isAllowed = withUnsafePointer(to: &address.pointee.addr) { addresses.admits($0) }
    guard isAllowed else {
      refusedAddress = true
      return CURL_SOCKET_BAD
    }
    return socket(
      address.pointee.family, address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue),
      address.pointee.protocol)
  }

  private func takeHeader(_ line: UnsafeRawBufferPointer) -> Int {
    guard let head = parser.take(line, url: easy.text(CURLINFO_EFFECTIVE_URL) ?? request.url) else {
      return line.count
    }
    if head.status >= 400 && !request.acceptsAnyStatus {
      let wait = head.headers["Retry-After"].flatMap { Int64($0) }
      return fail(
        HTTPError(.status(head.status), url: head.url, retryAfter: wait.map { .seconds($0) }))
    }
    if let length = head.headers["Content-Length"].flatMap({ Int64($0) }),
      length > request.largestBody, request.method != "HEAD"
    {
      return fail(error(.tooLarge))
    }
    sink.receive(head)
    return line.count
  }

  private func takeBody(_ bytes: UnsafeRawBufferPointer) -> Int {
    // libcurl keeps these bytes and offers them again after `resume`.
    if isPaused { return Int(CURL_WRITEFUNC_PAUSE) }
    let arrival = time.now()
    received += Int64(bytes.count)
    if received > request.largestBody { return fail(error(.tooLarge)) }
    switch sink.receive(bytes, at: arrival) {
    case .proceed: break
    case .pause: isPaused = true
    case .cancel: return fail(error(.cancelled))
    }
    return bytes.count
  }

  private func giveBody(_ buffer: UnsafeMutableRawBufferPointer) -> Int {
    guard let source = request.bodySource, sent < source.size else { return 0 }
    let room = Int(clamping: min(Int64(buffer.count), source.size - sent))
    let part = UnsafeMutableRawBufferPointer(rebasing: buffer[..<room])
    guard let count = source.read(into: part, at: sent), count > 0 else {
      ownFailure = error(.invalidRequest, "its body could not be read to its end")
      return Int(CURL_READFUNC_ABORT)
    }
    sent += Int64(count)
    return count
  }

  /// libcurl goes back to the start when a connection that it kept turns out to be closed.
  private func seekBody(to offset: Int64, from origin: Int32) -> Int32 {
    guard origin == SEEK_SET, offset >= 0 else { return CURL_SEEKFUNC_FAIL }
    sent = offset
    return CURL_SEEKFUNC_OK
  }

  /// A count other than the one offered makes libcurl end the transfer.
  private func fail(_ error: HTTPError) -> Int {
    ownFailure = error
    return Int(CURL_WRITEFUNC_ERROR)
  }

  private func error(_ kind: HTTPError.Kind, _ detail: String = "") -> HTTPError {
    HTTPError(kind, url: request.url, detail: detail)
  }
}
