internal import Messages

/// Checks what a person says of a destination.
enum DestinationValidator {
  static func check(_ destination: Destination) throws(Refusal) {
    guard destination.kind == .sftp else {
      throw Refusal(.invalid, "This version delivers by SFTP only.", field: "kind")
    }
    guard destination.name.contains(where: { !$0.isWhitespace }) else {
      throw Refusal(.invalid, "A name is needed.", field: "name")
    }
    try checkLine(destination.name, "name", "The name", 200)
    try checkWord(destination.host, "host", "the server's host name or address", 253)
    guard (1...65_535).contains(destination.port) else {
      throw Refusal(.invalid, "A port is a number from 1 to 65535; SSH's is 22.", field: "port")
    }
    try checkWord(destination.user, "user", "the user to log in as", 100)
    try checkLine(destination.folder, "folder", "The folder", 1000)
    if let key = destination.hostKey, !HostKey.isWellFormed(key) {
      throw Refusal(
        .invalid,
        "A host key is given as its fingerprint, 'SHA256:' and 43 characters, as `ssh-keygen -lf "
          + "/etc/ssh/ssh_host_ed25519_key.pub` shows it on the server.", field: "hostKey")
    }
  }

  private static func checkWord(
    _ text: String, _ field: String, _ what: String, _ mostBytes: Int
  ) throws(Refusal) {
    guard !text.isEmpty else { throw Refusal(.invalid, "Say \(what).", field: field) }
    try checkLine(text, field, "It", mostBytes)
    guard !text.contains(where: \.isWhitespace) else {
      throw Refusal(.invalid, "There is a blank in \(what).", field: field)
    }
  }

  private static func checkLine(
    _ text: String, _ field: String, _ what: String, _ mostBytes: Int
  ) throws(Refusal) {
    guard text.utf8.count <= mostBytes else {
      throw Refusal(.invalid, "\(what) is longer than \(mostBytes) bytes.", field: field)
    }
    guard text.unicodeScalars.allSatisfy({ $0.value >= 0x20 && $0.value != 0x7F }) else {
      throw Refusal(.invalid, "\(what) holds a line break or control character.", field: field)
    }
  }
}
