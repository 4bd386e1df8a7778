/// Which file the settings are read from, and whether it must be there.
///
/// A file that somebody named must exist: a typing error in its name is never taken for the defaults.
/// A folder, written with a slash at its end, is where `airloom.toml` may lie: a new volume is empty.
public struct SettingsFile: Hashable, Sendable {
  public let path: String
  public let isRequired: Bool

  /// `given` is a file, a folder with a slash at its end, or nil for the home folder.
  public init(_ given: String?, in home: Home) {
    switch given {
    case nil: (path, isRequired) = (home.settings, false)
    case .some(let folder) where folder.hasSuffix("/"):
      (path, isRequired) = (Home(folder).settings, false)
    case .some(let file): (path, isRequired) = (file, true)
    }
  }
}
