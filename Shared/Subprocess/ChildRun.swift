/// A child that ran from start to end: for probes and other short work.
public struct ChildRun: Sendable {
  public let exit: ChildExit
  /// At most `ChildProcess.run`'s limit, the first bytes.
  public let output: [UInt8]
  /// The last of standard error.
  public let errorTail: [UInt8]
  /// Whether it was stopped because its time was up.
  public let isTimedOut: Bool

  public var text: String { String(decoding: output, as: UTF8.self) }
  public var errorText: String { String(decoding: errorTail, as: UTF8.self) }
}

extension ChildProcess {
  /// Starts the command, feeds it, reads it and waits for its end; stops it when the time is up or
  /// the task is cancelled.
  ///
  /// The command's `output` is replaced by a pipe, and its `input` too where bytes are given.
  public static func run(
    _ command: ChildCommand, input: [UInt8]? = nil, outputLimit: Int = 1 << 20,
    timeout: Duration, ladder: StopLadder = .standard
  ) async throws(ChildError) -> ChildRun {
    var command = command
    command.output = .pipe()
    if input != nil { command.input = .pipe }
    let child = try await start(command)
    return await withTaskCancellationHandler {
      async let isTimedOut = child.stopUnlessEnded(within: timeout, ladder)
      async let output = child.output?.collect(limit: outputLimit) ?? []
      if let input {
        // A child that ends without reading all of its input is judged by its exit.
        try? await child.input?.write(input)
        child.input?.close()
      }
      let exit = await child.exit()
      return await ChildRun(
        exit: exit, output: output, errorTail: child.errorTail, isTimedOut: isTimedOut)
    } onCancel: {
      child.requestStop(ladder)
    }
  }

  private func stopUnlessEnded(within limit: Duration, _ ladder: StopLadder) async -> Bool {
    if await exit(within: limit) != nil { return false }
    await stop(ladder)
    return true
  }
}
