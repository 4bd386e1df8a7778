import Base
import Metrics
import Testing

@Suite("Metrics")
struct MetricsTests {
  private let registry = MetricsRegistry()

  @Test func `the text is what Prometheus reads`() {
    registry.counter("b_total", help: "How many, in \\ and\nlines.").increment(by: 3)
    let family = registry.gauges("a_bytes", help: "Bytes.", labels: ["stream", "kind"])
    family.with("quote \" slash \\ line\n", "x").set(1.5)
    family.with("a", "x").set(-2)
    let histogram = registry.histogram("c_seconds", help: "Time.", bounds: [0.5, 1])
    for value in [0.25, 0.5, 0.75, 4] { histogram.observe(value) }
    #expect(
      registry.text == #"""
        # HELP a_bytes Bytes.
        # TYPE a_bytes gauge
        a_bytes{stream="a",kind="x"} -2
        a_bytes{stream="quote \" slash \\ line\n",kind="x"} 1.5
        # HELP b_total How many, in \\ and\nlines.
        # TYPE b_total counter
        b_total 3
        # HELP c_seconds Time.
        # TYPE c_seconds histogram
        c_seconds_bucket{le="0.5"} 2
        c_seconds_bucket{le="1"} 3
        c_seconds_bucket{le="+Inf"} 4
        c_seconds_sum 5.5
        c_seconds_count 4

        """#)
  }

  @Test func `a histogram with labels keeps them on every line`() {
    let family = registry.histograms("h", help: "H.", labels: ["route"], bounds: [1])
    family.with("/x").observe(.milliseconds(1500))
    #expect(
      registry.text.split(separator: "\n").dropFirst(2).map(String.init) == [
        #"h_bucket{route="/x",le="1"} 0"#, #"h_bucket{route="/x",le="+Inf"} 1"#,
        #"h_sum{route="/x"} 1.5"#, #"h_count{route="/x"} 1"#,
      ])
  }

  @Test(
    arguments: [
      (0, "0"), (1, "1"), (-1.5, "-1.5"), (1e15, "1000000000000000"), (1e300, "1e+300"),
      (.infinity, "+Inf"), (-.infinity, "-Inf"), (.nan, "NaN"),
    ] as [(Double, String)])
  func `a number is written as Prometheus reads it`(value: Double, text: String) {
    registry.gauge("g", help: "G.").set(value)
    #expect(registry.text.hasSuffix("\ng \(text)\n"))
  }

  @Test func `the same name is the same metric`() {
    registry.counter("x_total", help: "X.").increment()
    registry.counter("x_total", help: "X.").increment()
    #expect(registry.counter("x_total", help: "X.").value == 2)
    let family = registry.counters("y_total", help: "Y.", labels: ["l"])
    family.with("a").increment()
    family.remove("a")
    #expect(family.with("a").value == 0)
  }

  @Test func `counting from many tasks loses nothing`() async {
    let counter = registry.counter("n_total", help: "N.")
    let gauge = registry.gauge("n", help: "N.")
    let histogram = registry.histogram("n_seconds", help: "N.")
    await withTaskGroup(of: Void.self) { group in
      for _ in 0..<8 {
        group.addTask {
          for _ in 0..<1000 {
            counter.increment()
            gauge.add(0.5)
            histogram.observe(1.0)
          }
        }
      }
    }
    #expect(counter.value == 8000)
    #expect(gauge.value == 4000)
    #expect(registry.text.contains("n_seconds_count 8000\n"))
  }

  @Test func `a process says what it uses`() throws {
    ProcessMetrics.register(in: registry)
    func value(_ name: String) throws -> Double {
      let line = try #require(
        registry.text.split(separator: "\n").first { $0.hasPrefix(name + " ") })
      return try #require(Double(line.dropFirst(name.count + 1)))
    }
    let now = Double(SystemTimeSource().now().seconds)
    #expect((now - 60...now + 60).contains(try value("process_start_time_seconds")))
    #expect(try value("process_cpu_seconds_total") > 0)
    #expect(try value("process_resident_memory_bytes") > 1e6)
    #expect(try value("process_open_fds") >= 3)
    #expect(try value("process_max_fds") >= value("process_open_fds"))
    #expect(try value("process_threads") >= 1)
  }
}
