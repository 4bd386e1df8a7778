/// A part of a service that works from start to end: the bus, a scheduler's loop, an upload queue.
public protocol ServiceComponent: Sendable {
  /// As it appears in logs and in /healthz.
  var name: String { get }

  /// Opens what it needs. The components start one after the other in their order, and none runs
  /// before all have started; what throws here ends the process with a sentence.
  func start() async throws

  /// Works until its task is cancelled; then brings its work to an end, quickly and in order, and
  /// returns. To return before that, or to throw, ends the service.
  func run() async throws
}

extension ServiceComponent {
  public func start() async throws {}
}

/// A component made of a closure, for loops that need no type of their own.
public struct LoopComponent: ServiceComponent {
  public let name: String
  private let body: @Sendable () async throws -> Void

  public init(_ name: String, _ body: @escaping @Sendable () async throws -> Void) {
    self.name = name
    self.body = body
  }

  public func run() async throws { try await body() }
}
