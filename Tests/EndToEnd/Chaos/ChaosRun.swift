import Base
import Messages
import Synchronization
import TestSupport

/// Kills processes by plan while shows are recorded and a person keeps giving commands.
struct ChaosRun: Sendable {
  /// A command and how the gateway answered it.
  struct Given: Sendable {
    let id: String
    let answer: RESTClient.Answer
  }

  let plan: ChaosPlan
  let studio: Studio

  static let mounts = ["north", "east", "south", "west"]

  static func streams() -> [String: NumberedFrames] {
    Dictionary(
      uniqueKeysWithValues: mounts.enumerated().map { index, mount in
        (mount, NumberedFrames(tag: UInt32(index + 20)))
      })
  }

  static func showName(_ number: Int) -> String { "show-\(number)" }

  static func mount(ofShow number: Int) -> String { mounts[number % mounts.count] }

  /// Schedules every show before the first kill, the first one five seconds from now; returns when
  /// the last one ends.
  func scheduleShows() async throws -> Instant {
    let spread = plan.length.inSeconds / Double(plan.shows)
    var last = SystemTimeSource().now()
    for number in 0..<plan.shows {
      let delay = 5 + Int64((spread * Double(number)).rounded())
      last = try await studio.schedule(
        ChaosRun.showName(number), on: ChaosRun.mount(ofShow: number), in: delay,
        seconds: ChaosPlan.showSeconds)
    }
    return last + .seconds(ChaosPlan.showSeconds)
  }

  /// The kills, one after another; several services may be dead at the same time.
  func killAll() async throws {
    let installation = studio.installation
    try await withThrowingTaskGroup(of: Void.self) { group in
      for (number, kill) in plan.kills.enumerated() {
        try await Task.sleep(for: kill.pause)
        // The one that is dead already is killed as soon as it is back.
        try await eventually("\(kill.victim) is back to be killed") {
          installation.isRunning(kill.victim)
        }
        print("kill \(number + 1): \(kill.victim), dead for \(kill.dead)")
        await installation.kill(kill.victim)
        group.addTask {
          try await Task.sleep(for: kill.dead)
          try await installation.start(kill.victim)
        }
      }
      try await group.waitForAll()
    }
  }

  /// Adds a stream every half second under a new name until cancelled, as a person who gets no
  /// answer does: the same command again, until there is one.
  func giveCommands() async -> [Given] {
    var given: [Given] = []
    while !Task.isCancelled {
      let id = "extra-\(given.count)"
      var answer: RESTClient.Answer
      var isRepeated = false
      repeat {
        answer = await studio.client.command(
          "POST", "/api/v1/streams", StreamInput(id, "http://127.0.0.1:9/\(id)"))
        // It was done the first time, and only its answer was lost.
        if isRepeated, case .refused(409, _) = answer { answer = .done(status: 201, body: []) }
        isRepeated = true
        try? await Task.sleep(for: .milliseconds(500))
      } while !answer.isAcknowledged && !Task.isCancelled
      given.append(Given(id: id, answer: answer))
    }
    return given
  }
}
