internal import Base
internal import Subprocess

/// Measures how much picture (or sound, where there is none) a drop holds by adding up its packets,
/// whatever its time stamps say. It reads the whole file, so it is asked only where the stated length
/// is in doubt.
struct MediaMeter: Sendable {
  /// nil where too many packets do not tell how long they are.
  func length(
    of drop: OpenDrop, _ content: Inspection.Content
  ) async throws(ConverterError) -> Duration? {
    guard let stream = content.facts.video?.index ?? content.facts.audio.first?.index else {
      return nil
    }
    var command = ChildCommand(
      "ffprobe",
      [
        "-v", "error", "-protocol_whitelist", "file,pipe", "-format_whitelist",
        content.format.rawValue, "-f", content.format.demuxer,
      ] + DropInspector.searchOptions + [
        "-select_streams", "\(stream)", "-show_entries", "packet=duration_time", "-of",
        "csv=print_section=0", OpenDrop.nameForChild,
      ])
    command.input = drop.input
    command.output = .pipe()
    command.niceness = TranscodeCommand.niceness
    let child: ChildProcess
    do {
      child = try await ChildProcess.start(command)
    } catch {
      throw ConverterError(.program, "ffprobe does not start: \(error).")
    }
    let sum = await withTaskCancellationHandler {
      await Self.sum(child.output)
    } onCancel: {
      child.requestStop(.kill)
    }
    let exit = await child.exit()
    if Task.isCancelled { throw .stopped }
    return exit.isSuccess ? sum : nil
  }

  private static func sum(_ output: ChildOutput?) async -> Duration? {
    guard let output else { return nil }
    var (seconds, known, unknown) = (0.0, 0, 0)
    for await line in output.lines {
      if let length = Double(line.prefix { $0 != "," }) {
        seconds += length
        known += 1
      } else if !line.isEmpty {
        unknown += 1
      }
    }
    return known > 10 * unknown ? .microseconds(Int64(seconds * 1e6)) : nil
  }
}
