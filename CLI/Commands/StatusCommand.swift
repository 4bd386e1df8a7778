internal import Base
internal import Configuration
internal import Messages
internal import Service

/// `airloom status`: a line for each service, from its control socket.
enum StatusCommand {
  static func run(in place: Place) async throws -> ExitCode {
    let settings = try place.settings()
    let client = ControlClient(place.home)
    let expected = settings.up.services.map(ServiceNames.node(of:))
    let nodes = expected + client.nodes.filter { !expected.contains($0) }
    var rows: [Row] = []
    for node in nodes {
      rows.append(await row(node, isExpected: expected.contains(node), client))
    }
    rows = rows.filter { $0.isExpected || $0.stats != nil }
    Terminal.print(StatusTable.text(rows.map(\.cells)), terminator: "")
    for fault in rows.flatMap(\.faults) { Terminal.print("  \(fault)") }
    return rows.allSatisfy(\.isWell) ? .success : .unavailable
  }

  private struct Row {
    let node: NodeID
    let isExpected: Bool
    let stats: StatsReport?
    let condition: HealthBoard.Condition?

    var isWell: Bool { stats != nil && condition != .failed }

    var faults: [String] { (stats?.faults ?? []).map { "\(node) \($0)" } }

    var cells: [String] {
      guard let stats, let condition else { return [node.text, "not running", "", "", "", "", ""] }
      return [
        node.text, stats.state.rawValue, condition.rawValue, "\(stats.pid)",
        StatusTable.span(seconds: stats.uptimeSeconds),
        StatusTable.size(bytes: stats.residentBytes), stats.http ?? "",
      ]
    }
  }

  private static func row(
    _ node: NodeID, isExpected: Bool, _ client: ControlClient
  ) async -> Row {
    // One that does not answer is shown as what it is to its user: not running.
    let stats = try? await client.stats(of: node)
    let health = try? await client.health(of: node)
    return Row(node: node, isExpected: isExpected, stats: stats, condition: health?.status)
  }
}

/// Columns of text, and numbers as people read them.
enum StatusTable {
  static let heads = ["node", "state", "health", "pid", "up", "memory", "http"]

  static func text(_ rows: [[String]]) -> String {
    let all = [heads] + rows
    let widths = heads.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
    return all.map { row in
      var line = zip(row, widths).map { cell, width in
        cell + String(repeating: " ", count: width - cell.count)
      }.joined(separator: "  ")
      while line.hasSuffix(" ") { line.removeLast() }
      return line + "\n"
    }.joined()
  }

  /// `3 d 4 h`, `4 h 5 min`, `5 min 6 s`, `6 s`
  static func span(seconds: Int64) -> String {
    let (minutes, hours, days) = (seconds / 60, seconds / 3600, seconds / 86_400)
    if days > 0 { return "\(days) d \(hours % 24) h" }
    if hours > 0 { return "\(hours) h \(minutes % 60) min" }
    if minutes > 0 { return "\(minutes) min \(seconds % 60) s" }
    return "\(seconds) s"
  }

  static func size(bytes: Int64) -> String {
    bytes < 10 << 20 ? "\(bytes / 1024) KiB" : "\(bytes >> 20) MiB"
  }
}
