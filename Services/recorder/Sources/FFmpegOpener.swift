import Base
import HTTPClient
import Media
import Messages
import Subprocess
import Synchronization

/// Connections that FFmpeg makes: a child per connection, whose output comes as if it were an HTTP
/// answer. The child ends with the connection; one that does not is killed.
///
/// Knows nothing of tapes and databases, so that any process may run it.
final class FFmpegOpener: SourceOpener {
  /// In which mode an address was read the last time.
  private let modes = Mutex<[String: FFmpegCommand.Mode]>([:])
  private let settings: FFmpegSettings
  private let time: any TimeSource

  init(
    _ settings: FFmpegSettings = FFmpegSettings(), time: any TimeSource = SystemTimeSource()
  ) {
    self.settings = settings
    self.time = time
  }

  func open(_ request: SourceRequest, into connection: CaptureConnection) -> any SourceTransfer {
    let line = FFmpegLine(request, settings, into: connection, time: time)
    let first = modes.withLock { $0[request.url] } ?? Self.firstMode(request)
    line.start(first) { [self] mode in
      modes.withLock { modes in
        if modes.count > 1000 { modes = [:] }
        modes[request.url] = mode
      }
    }
    return line
  }

  private static func firstMode(_ request: SourceRequest) -> FFmpegCommand.Mode {
    guard SourceRoute.scheme(request.url) == "device" else { return .copy }
    return request.inputFormat == "v4l2" ? .encoded : .flac
  }
}

/// What holds for every connection that FFmpeg makes.
struct FFmpegSettings: Sendable {
  var addresses = AddressGuard.none
  /// A file (PEM) that servers' certificates are checked against in place of the system's.
  var certificates = ""
  /// Added to what the child inherits.
  var environment: [String: String] = [:]
}

/// One such connection.
final class FFmpegLine: SourceTransfer {
  private struct State {
    var task: Task<Void, Never>?
    var child: ChildProcess?
    var isCancelled = false
    var waiter: CheckedContinuation<Void, Never>?
  }

  /// How long FFmpeg may take until it has found sound or picture.
  static let patience = Duration.seconds(30)
  /// What FFmpeg writes before it must be clear which tracks there are.
  private static let enough = 1 << 20
  private static let ladder = StopLadder([
    StopLadder.Step(.signal(2), grace: .seconds(1)),
    StopLadder.Step(.signal(15), grace: .seconds(1)),
  ])

  private let request: SourceRequest
  private let settings: FFmpegSettings
  private let connection: CaptureConnection
  private let time: any TimeSource
  private let state = Mutex(State())

  init(
    _ request: SourceRequest, _ settings: FFmpegSettings, into connection: CaptureConnection,
    time: any TimeSource
  ) {
    self.request = request
    self.settings = settings
    self.connection = connection
    self.time = time
  }

  /// `settled`: told of the mode in which the source can be read.
  func start(
    _ mode: FFmpegCommand.Mode, settled: @escaping @Sendable (FFmpegCommand.Mode) -> Void
  ) {
    let task = Task { await run(mode, settled) }
    state.withLock { $0.task = task }
  }

  func cancel() {
    let (child, waiter) = state.withLock { state in
      state.isCancelled = true
      defer { state.waiter = nil }
      return (state.child, state.waiter)
    }
    child?.requestStop(Self.ladder)
    waiter?.resume()
  }

  func resume() {
    let waiter = state.withLock { state in
      defer { state.waiter = nil }
      return state.waiter
    }
    waiter?.resume()
  }

  private func run(
    _ first: FFmpegCommand.Mode, _ settled: @Sendable (FFmpegCommand.Mode) -> Void
  ) async {
    if let objection = FFmpegCommand.objection(request) {
      return connection.finish(
        .byFailure(SourceFailure(.sourceRefused, objection, pace: .patient)))
    }
    let url: String
    do {
      url = try await settings.addresses.admit(request.url)
    } catch {
      return connection.finish(.byFailure(error))
    }
    var mode = first
    while true {
      switch await attempt(url, mode, settled) {
      case .again(let next): mode = next
      case .over(let failure): return connection.finish(.byFailure(failure))
      }
    }
  }

  private enum Outcome {
    case again(FFmpegCommand.Mode)
    case over(SourceFailure)
  }

  private func attempt(
    _ url: String, _ mode: FFmpegCommand.Mode, _ settled: @Sendable (FFmpegCommand.Mode) -> Void
  ) async -> Outcome {
    let command = FFmpegCommand(
      request, mode: mode, url: url, certificates: settings.certificates)
    let child: ChildProcess
    do {
      var childCommand = command.child
      childCommand.environment = settings.environment
      child = try await ChildProcess.start(childCommand)
    } catch {
      return .over(
        SourceFailure(
          .recorderDown, "FFmpeg cannot be started (\(error)): install it.", pace: .slow))
    }
    let isCancelled = state.withLock { state in
      state.child = child
      return state.isCancelled
    }
    if isCancelled { child.requestStop(.kill) }
    try? await child.input?.write(Array(command.list.utf8))
    child.input?.close()
    var choice = FFmpegTracks(mode)
    var held: [UInt8] = []
    var isSettled = false
    let limit = Task {
      try await Task.sleep(for: Self.patience)
      child.requestStop(Self.ladder)
    }
    defer { limit.cancel() }
    if let output = child.output {
      for await bytes in output {
        if !isSettled {
          held += bytes
          switch choice.judge(bytes, isEnough: held.count > Self.enough) {
          case .unknown: continue
          case .try(let next):
            await child.stop(.kill)
            return .again(next)
          case .fits: break
          }
          isSettled = true
          limit.cancel()
          settled(mode)
          connection.receive(head(mode))
          await give(held)
          held = []
        } else {
          await give(bytes)
        }
      }
    }
    let isLate = !isSettled && child.ending?.stoppedBy != nil
    let exit = await child.stop(Self.ladder)
    if isLate, !state.withLock({ $0.isCancelled }) {
      return .over(
        SourceFailure(
          .sourceUnreachable,
          "FFmpeg has found neither sound nor picture within "
            + "\(Int(Self.patience.inSeconds)) seconds.", pace: .slow))
    }
    if !isSettled, mode == .ogg, !state.withLock({ $0.isCancelled }),
      child.errorText.contains("codec")
    {
      return .again(.flac)
    }
    if isSettled, exit.isSuccess { return .over(.closed) }
    if !isSettled, SourceRoute.scheme(request.url) == "device" {
      return .over(SourceFailure(device: request.url, errors: child.errorText))
    }
    return .over(SourceFailure(ffmpeg: exit, errors: child.errorText))
  }

  private func head(_ mode: FFmpegCommand.Mode) -> HTTPHead {
    var headers = HTTPHeaders()
    headers["Content-Type"] = mode.contentType
    return HTTPHead(status: 200, headers: headers, url: request.url)
  }

  private func give(_ bytes: [UInt8]) async {
    let flow = bytes.withUnsafeBytes { connection.receive($0, at: time.now()) }
    guard case .pause = flow else { return }
    await withCheckedContinuation { continuation in
      let mustWait = state.withLock { state in
        // The reader may have taken everything meanwhile, and says so only once.
        guard !state.isCancelled, connection.isFull else { return false }
        state.waiter = continuation
        return true
      }
      if !mustWait { continuation.resume() }
    }
  }
}
