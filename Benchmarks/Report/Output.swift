internal import Glibc

/// Where the tables go: standard output, each at once, into a file as well as to a terminal.
enum Output {
  static func write(_ text: String) {
    print(text)
    fflush(nil)
  }
}
