internal import Glibc

/// `airloom-bench [bus|lateness|memory|feeds|streams|all]`: how Airloom does beside a peer that people know, on
/// this machine, in one run. Prints Markdown; see README.md for what each table means.
@main
struct BenchMain {
  static func main() async {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      // The other process of `bus`, started by the first.
      if arguments.first == BusReceiver.role, arguments.count == 2 {
        return try await BusReceiver.run(folder: arguments[1])
      }
      let chosen = arguments.first ?? "all"
      guard arguments.count <= 1,
        ["bus", "lateness", "memory", "feeds", "streams", "all"].contains(chosen)
      else {
        fail("usage: airloom-bench [bus|lateness|memory|feeds|streams|all]", code: 64)
      }
      Output.write("# \(Machine.description)\n")
      if chosen == "bus" || chosen == "all" { try await BusBenchmark().run() }
      if chosen == "lateness" || chosen == "all" { try await LatenessBenchmark().run() }
      if chosen == "memory" || chosen == "all" { try await MemoryBenchmark().run() }
      if chosen == "streams" || chosen == "all" { try await StreamsBenchmark().run() }
      if chosen == "feeds" || chosen == "all" { try await FeedsBenchmark().run() }
    } catch {
      fail("\(error)", code: 1)
    }
  }

  private static func fail(_ text: String, code: Int32) -> Never {
    var line = text + "\n"
    line.withUTF8 { _ = write(STDERR_FILENO, $0.baseAddress, $0.count) }
    exit(code)
  }
}
