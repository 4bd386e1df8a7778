internal import Base
internal import Configuration
internal import Glibc
internal import Service

/// What the first start makes: the home folder and the commented settings file.
enum HomeSetup {
  /// Leaves alone what is there. Killed between any two steps, the next start makes the rest.
  static func prepare(_ place: Place) throws(ServiceError) {
    do throws(SystemError) {
      try place.home.makeFolders()
      if !place.isSettingsPathGiven, access(place.settingsPath, F_OK) != 0 {
        try DurableFile.write(
          Array(SettingsText.commentedFile().utf8), to: place.settingsPath, mode: 0o640)
      }
    } catch {
      throw ServiceError(
        ExitCode.of(error),
        "the home folder cannot be made: \(error); choose another with --home or AIRLOOM_HOME")
    }
  }
}
