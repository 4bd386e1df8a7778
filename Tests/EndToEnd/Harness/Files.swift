import Base
import Glibc
import TestSupport

/// Looking at folders and files as a person would.
enum Files {
  /// Every file below the folder, hidden ones too, as paths relative to it; sorted.
  static func all(in folder: String) -> [String] {
    TemporaryFolder.names(in: folder).flatMap { name -> [String] in
      let path = "\(folder)/\(name)"
      return isFolder(path) ? all(in: path).map { "\(name)/\($0)" } : [name]
    }
  }

  /// Recordings' own files in the folder: without what lies beside them and what is still being made.
  static func recordings(in folder: String) -> [String] {
    let beside = [".sha256", ".cue", ".as-run.txt", ".waveform.png", ".thumbnail.jpg"]
    return all(in: folder).filter { name in
      !name.hasPrefix(".work/") && !beside.contains { name.hasSuffix($0) }
    }
  }

  static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

  static func hash(_ path: String) throws -> String {
    hexadecimal(SHA256.hash(try DurableFile.read(path)))
  }

  private static func isFolder(_ path: String) -> Bool {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
