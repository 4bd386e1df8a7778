/// A pointer to a daemon or a connection of libmicrohttpd.
///
/// `@unchecked Sendable`: libmicrohttpd allows the calls made with it (suspend, resume, quiesce,
/// stop) from any thread; whoever keeps one says until when it is valid.
struct Handle: @unchecked Sendable {
  let pointer: OpaquePointer
}
