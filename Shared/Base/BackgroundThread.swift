internal import CShims
internal import Glibc

/// A detached thread with a name (as `top -H` shows it) that runs one closure.
public struct BackgroundThread: Sendable {
  private final class Body: Sendable {
    let name: String
    let run: @Sendable () -> Void

    init(name: String, run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }
  }

  private let body: Body

  /// The kernel keeps the first 15 characters of the name.
  public init(named name: String, run: @escaping @Sendable () -> Void) {
    body = Body(name: name, run: run)
  }

  public func start() {
    var identifier = pthread_t()
    let result = pthread_create(
      &identifier, nil,
      { context in
        guard let context else { return nil }
        let body = Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        airloom_set_thread_name(body.name)
        body.run()
        return nil
      }, Unmanaged.passRetained(body).toOpaque())
    precondition(result == 0, "the system refused a thread: errno \(result)")
    pthread_detach(identifier)
  }
}
