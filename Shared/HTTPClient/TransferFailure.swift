internal import Base
internal import CCurl
internal import Glibc

/// The one table from libcurl's result codes to our kinds.
extension HTTPError {
  init(_ code: CURLcode, of request: HTTPRequest, on easy: EasyHandle) {
    let text = easy.errorText
    let kind = HTTPError.kind(
      code, text: text, systemError: Int32(easy.long(CURLINFO_OS_ERRNO)),
      isConnected: easy.size(CURLINFO_CONNECT_TIME_T) > 0)
    self.init(
      kind, url: request.unixSocketPath.map { "the socket \($0)" } ?? request.url,
      detail: text.isEmpty ? String(cString: curl_easy_strerror(code)) : text)
  }

  private static func kind(
    _ code: CURLcode, text: String, systemError: Int32, isConnected: Bool
  ) -> Kind {
    switch code {
    case CURLE_URL_MALFORMAT: .invalidRequest
    // One code for the scheme of our URL, for that of a redirect, and for an answer without a
    // status line (HTTP/0.9).
    case CURLE_UNSUPPORTED_PROTOCOL:
      !isConnected ? .invalidRequest : text.hasPrefix("Protocol") ? .redirect : .protocolViolation
    case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: .dns
    case CURLE_COULDNT_CONNECT:
      systemError == ECONNREFUSED || systemError == ENOENT ? .refused : .unreachable
    // libcurl has one code for both; only its text tells them apart (lib/speedcheck.c).
    case CURLE_OPERATION_TIMEDOUT:
      text.hasPrefix("Operation too slow") ? .stalled : .timeout
    case CURLE_TOO_MANY_REDIRECTS: .redirect
    case CURLE_FILESIZE_EXCEEDED: .tooLarge
    case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CERTPROBLEM,
      CURLE_SSL_CIPHER, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_ISSUER_ERROR,
      CURLE_SSL_INVALIDCERTSTATUS, CURLE_SSL_PINNEDPUBKEYNOTMATCH:
      .tls
    case CURLE_PARTIAL_FILE, CURLE_GOT_NOTHING, CURLE_RECV_ERROR, CURLE_SEND_ERROR: .interrupted
    case CURLE_ABORTED_BY_CALLBACK: .cancelled
    default: .protocolViolation
    }
  }
}
