import Base
import FoundationEssentials
import Messages

/// Reads a stream's as-run log from all recorders at once.
struct TitleReader: Sendable {
  struct Reading: Sendable {
    /// Of those that have a tape of the stream.
    var answers: [[AsRunTitles.Title]]
    /// A recorder that may have more did not answer.
    var isPartial: Bool
  }

  let client: TapeClient
  let recorders: @Sendable () async -> [TapeClient.Recorder]
  let log: Logger

  func read(_ stream: StreamID, from: Instant, to: Instant) async -> Reading {
    let known = await recorders()
    return await withTaskGroup(of: [AsRunTitles.Title]??.self) { group in
      for recorder in known where recorder.isAlive {
        group.addTask {
          do {
            return .some(
              try await client.titles(of: recorder, stream: stream, from: from, to: to))
          } catch {
            log.warning(
              "a recorder's titles cannot be read", ("recorder", recorder.node),
              ("reason", "\(error)"))
            return .none
          }
        }
      }
      var reading = Reading(
        answers: [], isPartial: known.isEmpty || known.contains { !$0.isAlive })
      for await answer in group {
        switch answer {
        case .some(.some(let titles)): reading.answers.append(titles)
        case .some(.none): break
        case .none: reading.isPartial = true
        }
      }
      return reading
    }
  }
}
