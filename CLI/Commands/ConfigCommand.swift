internal import Configuration
internal import Service

/// `airloom config check|print|path|default`
enum ConfigCommand {
  static func run(_ action: String, in place: Place) throws -> ExitCode {
    switch action {
    case "check":
      _ = try place.settings()
      Terminal.print("\(place.settingsFile.path) is good")
    case "print": Terminal.print(SettingsText.file(of: try place.settings()), terminator: "")
    case "path": Terminal.print(place.settingsFile.path)
    case "default": Terminal.print(SettingsText.commentedFile(), terminator: "")
    default:
      let actions = ["check", "print", "path", "default"]
      let hint = NearMiss.best(for: action, among: actions).map {
        "did you mean `airloom config \($0)`?"
      }
      throw ServiceError(
        .usage,
        "'\(action)' is nothing that config does; "
          + (hint ?? "it does \(actions.joined(separator: ", "))"))
    }
    return .success
  }
}
