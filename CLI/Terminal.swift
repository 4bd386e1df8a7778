internal import Base
internal import Glibc
internal import Service

/// What a person sees: standard output for answers, standard error for what went wrong.
enum Terminal {
  /// Whether colours make sense there (https://no-color.org).
  static func isColourful(_ descriptor: Int32, environment: [String: String]) -> Bool {
    isatty(descriptor) == 1 && environment["NO_COLOR", default: ""].isEmpty
      && environment["TERM"] != "dumb"
  }

  static func print(_ text: String, terminator: String = "\n") {
    write(text + terminator, to: STDOUT_FILENO)
  }

  static func complain(_ text: String) { write("airloom: \(text)\n", to: STDERR_FILENO) }

  static func fail(_ error: any Error) -> Never {
    for line in "\(error)".split(separator: "\n") { complain(String(line)) }
    end(ExitCode.of(error))
  }

  /// Not exit(3), whose handlers take libraries apart that other threads still use; nothing of ours
  /// is buffered.
  static func end(_ code: ExitCode) -> Never { _exit(code.rawValue) }

  private static func write(_ text: String, to descriptor: Int32) {
    var text = text
    text.withUTF8 { bytes in
      // Nobody to read it is nothing to be told of.
      _ = try? Syscall.writeAll(UnsafeRawBufferPointer(bytes), to: descriptor)
    }
  }
}
