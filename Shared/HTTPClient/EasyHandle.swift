internal import Base
internal import CCurl

/// Owns one libcurl easy handle with its error text and header list; used on the client's thread
/// only, and for one transfer after another, which saves its allocations.
final class EasyHandle {
  let pointer: UnsafeMutableRawPointer
  private let errorBuffer: UnsafeMutablePointer<CChar>
  private var lists: [UnsafeMutablePointer<curl_slist>] = []

  init() {
    guard let pointer = curl_easy_init() else { preconditionFailure("out of memory") }
    self.pointer = pointer
    errorBuffer = .allocate(capacity: Int(CURL_ERROR_SIZE))
    errorBuffer.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
  }

  deinit {
    curl_easy_cleanup(pointer)
    freeLists()
    errorBuffer.deallocate()
  }

  /// Ready for the next transfer; live connections and DNS entries belong to the multi handle.
  func reset() {
    curl_easy_reset(pointer)
    freeLists()
    errorBuffer[0] = 0
    airloom_curl_set_pointer(pointer, CURLOPT_ERRORBUFFER, errorBuffer)
  }

  var errorText: String { String(cString: errorBuffer) }

  /// libcurl copies the text. False when it was refused (bad value, or an unknown option).
  @discardableResult
  func set(_ option: CURLoption, _ value: String?) -> Bool {
    airloom_curl_set_text(pointer, option, value) == CURLE_OK
  }

  func set(_ option: CURLoption, _ value: Int) {
    airloom_curl_set_long(pointer, option, value)
  }

  func set(_ option: CURLoption, milliseconds duration: Duration) {
    // Zero would mean libcurl's default or no limit at all.
    set(option, Int(max(1, duration.inSeconds * 1000)))
  }

  /// libcurl keeps only the pointer, so the list lives as long as this transfer.
  func set(_ option: CURLoption, list lines: [String]) {
    var list: UnsafeMutablePointer<curl_slist>?
    for line in lines { list = curl_slist_append(list, line) }
    guard let list else { return }
    lists.append(list)
    airloom_curl_set_list(pointer, option, list)
  }

  func long(_ info: CURLINFO) -> Int {
    var value = 0
    airloom_curl_get_long(pointer, info, &value)
    return value
  }

  func size(_ info: CURLINFO) -> Int64 {
    var value: curl_off_t = 0
    airloom_curl_get_size(pointer, info, &value)
    return Int64(value)
  }

  func text(_ info: CURLINFO) -> String? {
    var value: UnsafeMutablePointer<CChar>?
    airloom_curl_get_text(pointer, info, &value)
    return value.map { String(cString: $0) }
  }

  private func freeLists() {
    for list in lists { curl_slist_free_all(list) }
    lists = []
  }
}
