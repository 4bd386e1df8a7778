internal import Base
internal import CCurl

/// Turns a request into the options of an easy handle.
extension EasyHandle {
  /// False where the request cannot be sent as it is.
  func apply(_ request: HTTPRequest) -> Bool {
    guard request.isSendable else { return false }
    set(CURLOPT_NOSIGNAL, 1)
    set(CURLOPT_PROTOCOLS_STR, "http,https")
    set(CURLOPT_REDIR_PROTOCOLS_STR, "http,https")
    // Empty text: no proxy, whatever the environment says.
    set(CURLOPT_PROXY, "")
    // Otherwise ending a transfer whose name is still being looked up waits for the name server,
    // and with it every other transfer of this thread (lib/asyn-thread.c, Curl_resolver_kill).
    set(CURLOPT_QUICK_EXIT, 1)
    set(CURLOPT_TCP_KEEPALIVE, 1)
    set(CURLOPT_TCP_KEEPIDLE, 20)
    set(CURLOPT_TCP_KEEPINTVL, 10)
    set(CURLOPT_HTTP200ALIASES, list: ["ICY 200"])
    set(CURLOPT_UNIX_SOCKET_PATH, request.unixSocketPath)
    if request.acceptsCompression { set(CURLOPT_ACCEPT_ENCODING, "") }
    applyMethod(request)
    applyHeaders(request)
    applyLimits(request)
    return set(CURLOPT_URL, request.url)
  }

  private func applyMethod(_ request: HTTPRequest) {
    let followsRedirects = request.followsRedirects
    set(CURLOPT_FOLLOWLOCATION, followsRedirects ? 1 : 0)
    set(CURLOPT_MAXREDIRS, request.redirectLimit)
    switch request.method {
    case "GET": break
    case "HEAD": set(CURLOPT_NOBODY, 1)
    case _ where request.bodySource != nil:
      set(CURLOPT_UPLOAD, 1)
      set(CURLOPT_UPLOAD_BUFFERSIZE, 512 << 10)
      airloom_curl_set_size(
        pointer, CURLOPT_INFILESIZE_LARGE, curl_off_t(request.bodySource?.size ?? 0))
      set(CURLOPT_CUSTOMREQUEST, request.method)
    default:
      set(CURLOPT_POST, 1)
      set(CURLOPT_POSTFIELDSIZE, request.body.count)
      // The size is set first, which makes this copy that many bytes.
      request.body.withUnsafeBytes { bytes in
        _ = airloom_curl_set_pointer(
          pointer, CURLOPT_COPYPOSTFIELDS, bytes.baseAddress ?? UnsafeRawPointer(pointer))
      }
      set(CURLOPT_CUSTOMREQUEST, request.method)
    }
    // A stream shares its connection with nothing, so that none can hold up another.
    if request.timeout == nil { set(CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1)) }
  }

  private func applyHeaders(_ request: HTTPRequest) {
    set(CURLOPT_USERAGENT, request.userAgent)
    // "Name;" is how libcurl is told of an empty value, and "Expect:" drops a header of its own
    // that costs a second with servers that ignore it.
    let lines = request.headers.fields.map {
      $0.value.isEmpty ? "\($0.name);" : "\($0.name): \($0.value)"
    }
    set(CURLOPT_HTTPHEADER, list: lines + ["Expect:"])
    if let credentials = request.credentials {
      set(CURLOPT_USERNAME, credentials.user)
      set(CURLOPT_PASSWORD, credentials.password)
    }
  }

  private func applyLimits(_ request: HTTPRequest) {
    set(CURLOPT_CONNECTTIMEOUT_MS, milliseconds: request.connectTimeout)
    if let timeout = request.timeout { set(CURLOPT_TIMEOUT_MS, milliseconds: timeout) }
    if let stall = request.stallTimeout {
      set(CURLOPT_LOW_SPEED_LIMIT, 1)
      set(CURLOPT_LOW_SPEED_TIME, Int(max(1, stall.inSeconds.rounded(.up))))
    }
  }
}

extension HTTPRequest {
  var followsRedirects: Bool { redirectLimit > 0 && (method == "GET" || method == "HEAD") }

  /// No line of the request may be broken by what a caller put into it.
  fileprivate var isSendable: Bool {
    let names = [method] + headers.fields.map(\.name)
    let texts = headers.fields.map(\.value) + [userAgent, url, unixSocketPath ?? ""]
    return names.allSatisfy {
      !$0.isEmpty && $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: ":") }
    }
      && texts.allSatisfy { $0.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F } }
  }
}
