internal import Base
internal import FoundationEssentials
internal import HTTPClient
internal import HTTPServer
internal import Synchronization

/// A page for a real browser which plays what it is told and tells how it went. Everything else comes
/// from the gateway, through here, so that the browser needs no login.
public final class BrowserStage: Sendable {
  /// What the page is to do, one after the other.
  public struct Scene: Codable, Sendable {
    public var name: String
    public var stream: String
    /// Unix seconds; nil for live.
    public var start: Double?
    public var duration: Double?
    /// Media Source also where the browser could do without.
    public var forceMediaSource: Bool
    /// Where to go after it has played for a while: seconds from the start of the span.
    public var seekTo: Double?
    /// How long it is to play, twice where it seeks.
    public var seconds: Double

    public init(
      name: String, stream: String, start: Double? = nil, duration: Double? = nil,
      forceMediaSource: Bool = false, seekTo: Double? = nil, seconds: Double = 2
    ) {
      self.name = name
      self.stream = stream
      self.start = start
      self.duration = duration
      self.forceMediaSource = forceMediaSource
      self.seekTo = seekTo
      self.seconds = seconds
    }
  }

  public struct Report: Decodable, Sendable {
    public var name: String
    public var mode: String?
    /// Whether it played on after everything that was asked of it.
    public var isGood: Bool
    /// What was seen, for the failure's text.
    public var story: String
    /// The time of the day that played at the end, in Unix seconds.
    public var endedAt: Double?
  }

  private final class Box: Sendable {
    let reports = Mutex<[Report]>([])
    let segments = Mutex(0)
  }

  private let server: Server
  private let box: Box

  /// `origin` of the gateway, asked for each request; `header` is what lets it in.
  public init(
    gateway origin: @escaping @Sendable () -> String?, header: (name: String, value: String),
    scenes: [Scene]
  ) throws {
    let box = Box()
    self.box = box
    let client = HTTPClient()
    let policy =
      "default-src 'none'; script-src 'self'; media-src 'self' blob:; connect-src 'self'"
    let sceneText = String(decoding: try JSONEncoder().encode(scenes), as: UTF8.self)
    server = try Server(Server.Configuration(.tcp(host: "127.0.0.1", port: 0))) { request in
      switch request.path {
      case "/stage.html":
        return Response.text(BrowserStage.page, contentType: "text/html; charset=utf-8")
          .with("Content-Security-Policy", policy)
      case "/stage.js":
        return Response.text(BrowserStage.script, contentType: "text/javascript; charset=utf-8")
      case "/scenes": return .json(Array(sceneText.utf8))
      case "/report":
        if let report = try? JSONDecoder().decode(Report.self, from: Data(request.body)) {
          box.reports.withLock { $0.append(report) }
        }
        return .noContent
      default:
        guard let origin = origin() else { return Response(status: 502) }
        let response = await BrowserStage.pass(request, to: origin, header, client)
        if request.path.contains("/segments/"), response.status < 300 {
          box.segments.withLock { $0 += 1 }
        }
        return response
      }
    }
  }

  public var url: String { "http://127.0.0.1:\(server.port ?? 0)/stage.html" }

  /// Media segments that were passed on.
  public var segments: Int { box.segments.withLock { $0 } }

  public var told: [Report] { box.reports.withLock { $0 } }

  /// Plays all scenes in the browser; waits for each.
  public func play(
    in kind: HeadlessBrowser.Kind, count: Int, within limit: Duration = .seconds(200)
  ) async throws -> [Report] {
    let browser = try await HeadlessBrowser.open(url, in: kind)
    let reports: [Report]
    do {
      reports = try await eventually("\(kind.rawValue) has played everything", within: limit) {
        try browser.check()
        let told = self.told
        return told.count >= count ? told : nil
      }
    } catch {
      await browser.close()
      throw TestFailure("\(error)\n\(told)\n\(browser.complaints)")
    }
    await browser.close()
    return reports
  }

  public func stop() async { await server.stop() }

  private static func pass(
    _ request: Request, to origin: String, _ header: (name: String, value: String),
    _ client: HTTPClient
  ) async -> Response {
    let query = request.query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
    var asked = HTTPRequest(
      request.method, origin + request.path + (query.isEmpty ? "" : "?\(query)"))
    asked.acceptsAnyStatus = true
    asked.redirectLimit = 0
    asked.largestBody = 64 << 20
    asked.headers.append(header.name, header.value)
    if let range = request.header("Range") { asked.headers.append("Range", range) }
    guard let answer = try? await client.request(asked) else { return Response(status: 502) }
    let kept = ["content-type", "content-range", "accept-ranges", "cache-control"]
    return Response(
      status: answer.status,
      headers: answer.headers.fields.filter { kept.contains($0.name.lowercased()) },
      body: .bytes(answer.body))
  }

  private static let page = """
    <!doctype html><title>stage</title><video id="video" controls></video>
    <script type="module" src="/stage.js"></script>
    """

  private static let script = """
    import { play } from "/assets/hls.js";
    const video = document.getElementById("video");
    const rest = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
    const tell = (report) => fetch("/report", { method: "POST", body: JSON.stringify(report) });
    window.addEventListener("error", (event) => tell({ name: "script", isGood: false, story: event.message }));
    window.addEventListener("unhandledrejection", (event) => tell({ name: "script", isGood: false, story: String(event.reason) }));
    for (const scene of await (await fetch("/scenes")).json()) {
      const story = [];
      const options = { stream: scene.stream, forceMediaSource: scene.forceMediaSource,
        onstate: (state, text) => story.push(`${state} ${text}`.trim()) };
      if (scene.start === undefined) options.live = true;
      else Object.assign(options, { start: scene.start, duration: scene.duration });
      const player = play(video, options);
      // Firefox fails where there is no sound device; a captured element needs none.
      video.mozCaptureStream?.();
      const plays = async (seconds) => {
        // Played is what really went by, in steps as of a clock.
        let before = video.currentTime, played = 0;
        for (let turn = 0; turn < 900; turn += 1) {
          await rest(100);
          const step = video.currentTime - before;
          before = video.currentTime;
          if (step > 0 && step < 1.5) played += step;
          if (played >= seconds) return true;
          if (story.some((line) => line.startsWith("failed"))) return false;
        }
        return false;
      };
      let isGood = await plays(scene.seconds);
      if (isGood && scene.seekTo !== undefined) {
        player.seek(new Date((scene.start + scene.seekTo) * 1000));
        story.push(`seek from ${video.currentTime}`);
        isGood = await plays(scene.seconds);
      }
      const ranges = [];
      for (let index = 0; index < video.buffered.length; index += 1) {
        ranges.push(`${video.buffered.start(index).toFixed(2)}-${video.buffered.end(index).toFixed(2)}`);
      }
      const report = { name: scene.name, mode: player.mode, isGood: isGood && video.error === null,
        story: `${story.join(", ")}; at ${video.currentTime}, has ${ranges.join(" ")}, error ${video.error?.message ?? "none"}`,
        endedAt: (player.time()?.getTime() ?? NaN) / 1000 };
      player.stop();
      await tell(report);
    }
    """
}
