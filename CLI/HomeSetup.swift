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
      let file = place.settingsFile
      // A folder of settings that belongs to the administrator is left to him.
      let isOurs =
        place.givenSettings == nil || access(DurableFile.folder(of: file.path), W_OK) == 0
      if !file.isRequired, isOurs, access(file.path, F_OK) != 0 {
        try DurableFile.write(
          Array(SettingsText.commentedFile().utf8), to: file.path, mode: 0o640)
      }
    } catch {
      throw ServiceError(
        ExitCode.of(error),
        "the home folder cannot be made: \(error); choose another with --home or AIRLOOM_HOME")
    }
  }
}
