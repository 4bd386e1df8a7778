/// What a test was waiting for or needed and did not get, in a sentence.
public struct TestFailure: Error, CustomStringConvertible {
  public let description: String

  public init(_ description: String) { self.description = description }
}
