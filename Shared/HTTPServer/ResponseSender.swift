internal import CMicrohttpd

/// Hands a response to libmicrohttpd; called on its thread, within its callback.
enum ResponseSender {
  static func send(
    _ response: Response, to request: Request, on connection: OpaquePointer
  ) -> MHD_Result {
    switch response.body {
    case .bytes(let bytes):
      let payload = bytes.withUnsafeBytes { buffer in
        // The copy is why the pointer may be taken for a mutable one.
        MHD_create_response_from_buffer(
          buffer.count, UnsafeMutableRawPointer(mutating: buffer.baseAddress), .RESPMEM_MUST_COPY)
      }
      return queue(payload, response.status, response.headers, on: connection)
    case .channel(let channel):
      return queue(payload(of: channel), response.status, response.headers, on: connection)
    case .file(let path):
      return sendFile(path, response, to: request, on: connection)
    }
  }

  private static func sendFile(
    _ path: String, _ response: Response, to request: Request, on connection: OpaquePointer
  ) -> MHD_Result {
    guard let file = FileBody(path: path) else {
      return send(Problem.notFound.response, to: request, on: connection)
    }
    let known = response.with("ETag", file.tag).unlessKnown(to: request)
    if known.status == 304 {
      file.close()
      return queue(
        MHD_create_response_from_buffer(0, nil, .RESPMEM_PERSISTENT), 304, known.headers,
        on: connection)
    }
    let contentType = response.header("Content-Type") ?? "application/octet-stream"
    let (payload, status, more) = file.payload(
      file.ranges(for: request), contentType: contentType)
    // What the file says of itself stands in place of what the handler said.
    let kept = response.headers.filter { header in
      !more.contains { isSameName($0.name, header.name) }
    }
    return queue(
      payload, response.status == 200 ? status : response.status, kept + more, on: connection)
  }

  private static func payload(of channel: OutputChannel) -> OpaquePointer? {
    MHD_create_response_from_callback(
      .max, 16 << 10,
      { context, _, buffer, capacity in
        guard let context, let buffer else { return -2 }
        let channel = Unmanaged<OutputChannel>.fromOpaque(context).takeUnretainedValue()
        return channel.read(
          into: UnsafeMutableRawBufferPointer(start: buffer, count: capacity))
      }, Unmanaged.passRetained(channel).toOpaque(),
      { context in
        guard let context else { return }
        Unmanaged<OutputChannel>.fromOpaque(context).release()
      })
  }

  private static func queue(
    _ payload: OpaquePointer?, _ status: Int, _ headers: [(name: String, value: String)],
    on connection: OpaquePointer
  ) -> MHD_Result {
    guard let payload else { return .NO }
    defer { MHD_destroy_response(payload) }
    for (name, value) in headers {
      // Refuses line breaks by itself.
      MHD_add_response_header(payload, name, value)
    }
    return MHD_queue_response(connection, UInt32(status), payload)
  }
}
