internal import Messages

/// What the bus carries here: about as long as a job, with its place in a measurement.
struct BenchMessage: DurableMessage {
  static let type = "bench.message"
  /// The bytes of the body, the same that the plain ZeroMQ peer sends.
  static let bodySize = 500

  var run: Int
  var number: Int
  /// How many messages the run has.
  var count: Int
  var padding: String

  init(run: Int, number: Int, count: Int) {
    self.run = run
    self.number = number
    self.count = count
    let frame = #"{"run":\#(run),"number":\#(number),"count":\#(count),"padding":""}"#
    padding = String(repeating: "a", count: max(0, BenchMessage.bodySize - frame.utf8.count))
  }
}
