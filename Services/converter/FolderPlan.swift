internal import Base
internal import Configuration
internal import Messages
internal import Service

/// Which folders are watched and which are ours, checked against each other.
struct FolderPlan: Hashable, Sendable {
  let watched: [DropPath]
  let output: String
  /// Never looked for drops in.
  let own: [DropPath]
  let after: ConversionRow.PendingAfter?
  let destinations: [DestinationID]

  init(_ settings: Settings.Converter, output: String) throws(ServiceError) {
    var watched: [DropPath] = []
    for folder in settings.folders {
      guard folder.hasPrefix("/") else {
        throw ServiceError(
          .configuration, "[converter] folders: '\(folder)' must be an absolute path")
      }
      let path = DropPath(Home(folder).path)
      if !watched.contains(path) { watched.append(path) }
    }
    let done = settings.doneFolder.isEmpty ? "" : Home(settings.doneFolder).path
    if settings.after == .move, !done.hasPrefix("/") {
      throw ServiceError(
        .configuration, "[converter] after = \"move\" needs done_folder, an absolute path")
    }
    for own in [output, done] where watched.contains(DropPath(own)) {
      throw ServiceError(
        .configuration,
        "[converter] \(own) is a watched folder: what is made and what is done with "
          + "must lie in another one, or in a folder inside it")
    }
    var destinations: [DestinationID] = []
    for text in settings.destinations {
      guard let id = DestinationID(text) else {
        throw ServiceError(
          .configuration, "[converter] destinations: '\(text)' is no id of a destination")
      }
      destinations.append(id)
    }
    self.watched = watched
    self.output = output
    own = [output, done].filter { !$0.isEmpty }.map { DropPath($0) }
    switch settings.after {
    case .keep: after = nil
    case .move: after = .move
    case .delete: after = .delete
    }
    self.destinations = destinations
  }
}
