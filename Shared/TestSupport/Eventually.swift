internal import Base
internal import Glibc

/// Waits until the condition holds, looking every 10 ms; throws when the time is up. The way a test
/// waits for anything that it cannot be told of.
public func eventually(
  _ what: String, within limit: Duration = .seconds(20),
  isolation: isolated (any Actor)? = #isolation,
  _ condition: () async throws -> Bool
) async throws {
  let time = SystemTimeSource()
  let deadline = time.monotonic() + limit
  while try await !condition() {
    if time.monotonic() > deadline {
      throw TestFailure("after \(limit) it still was not so: \(what)")
    }
    try await Task.sleep(for: .milliseconds(10))
  }
}

/// Waits until there is a value; as `eventually`.
public func eventually<Value>(
  _ what: String, within limit: Duration = .seconds(20),
  isolation: isolated (any Actor)? = #isolation,
  value: () async throws -> Value?
) async throws -> Value {
  let time = SystemTimeSource()
  let deadline = time.monotonic() + limit
  while time.monotonic() <= deadline {
    if let found = try await value() { return found }
    try await Task.sleep(for: .milliseconds(10))
  }
  throw TestFailure("after \(limit) it still was not there: \(what)")
}

/// As `eventually`, for what is called on a thread of its own and cannot wait otherwise. Blocks.
public func eventuallyBlocking(
  _ what: String, within limit: Duration = .seconds(60), _ condition: () -> Bool
) throws {
  let time = SystemTimeSource()
  let deadline = time.monotonic() + limit
  while !condition() {
    if time.monotonic() > deadline {
      throw TestFailure("after \(limit) it still was not so: \(what)")
    }
    usleep(10_000)
  }
}
