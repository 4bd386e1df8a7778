internal import Messages

/// Checks what a person says of a destination.
enum DestinationValidator {
  static func check(_ destination: Destination) throws(Refusal) {
    guard destination.name.contains(where: { !$0.isWhitespace }) else {
      throw Refusal(.invalid, "A name is needed.", field: "name")
    }
    try checkLine(destination.name, "name", "The name", 200)
    try checkWord(destination.host, "host", "the server's host name or address", 253)
    guard (1...65_535).contains(destination.port) else {
      throw Refusal(
        .invalid, "A port is a number from 1 to 65535; SSH's is 22, S3's 443 or 80.",
        field: "port")
    }
    try checkLine(destination.folder, "folder", "The folder", 1000)
    switch destination.kind {
    case .sftp: try checkSFTP(destination)
    case .s3: try checkS3(destination)
    }
  }

  private static func checkSFTP(_ destination: Destination) throws(Refusal) {
    try checkWord(destination.user, "user", "the user to log in as", 100)
    if let key = destination.hostKey, !HostKey.isWellFormed(key) {
      throw Refusal(
        .invalid,
        "A host key is given as its fingerprint, 'SHA256:' and 43 characters, as `ssh-keygen -lf "
          + "/etc/ssh/ssh_host_ed25519_key.pub` shows it on the server.", field: "hostKey")
    }
  }

  private static func checkS3(_ destination: Destination) throws(Refusal) {
    guard let bucket = destination.bucket else {
      throw Refusal(.invalid, "Say the bucket, its region and how it is reached.", field: "bucket")
    }
    guard destination.host.allSatisfy({ !"/?#@\\%".contains($0) }) else {
      throw Refusal(
        .invalid, "The host is a name or an address alone, without https:// and path.",
        field: "host")
    }
    try checkWord(destination.user, "user", "the id of the access key", 200)
    guard destination.user.allSatisfy({ $0.isASCII && !"/,=".contains($0) }) else {
      throw Refusal(.invalid, "This is not the id of an access key.", field: "user")
    }
    try checkBucket(bucket, host: destination.host)
    let parts = destination.folder.split(separator: "/", omittingEmptySubsequences: false)
    guard destination.folder.isEmpty || !parts.dropLast().dropFirst().contains(""),
      !parts.contains("."), !parts.contains("..")
    else {
      throw Refusal(
        .invalid, "A prefix has no empty parts between its slashes, and none called '.' or '..'.",
        field: "folder")
    }
  }

  private static func checkBucket(_ bucket: S3Bucket, host: String) throws(Refusal) {
    guard (3...255).contains(bucket.name.utf8.count),
      bucket.name.utf8.allSatisfy(isOfBucketName), bucket.name != "..."
    else {
      throw Refusal(
        .invalid,
        "A bucket's name has at least three letters, digits, dots, dashes or underscores.",
        field: "bucket")
    }
    try checkWord(bucket.region, "bucket", "the region, such as us-east-1", 60)
    guard bucket.region.utf8.allSatisfy(isOfBucketName) else {
      throw Refusal(.invalid, "A region is a word such as us-east-1.", field: "bucket")
    }
    let isAddress = host.contains(":") || host.utf8.allSatisfy { $0 == 46 || (48...57) ~= $0 }
    if !bucket.usesPathStyle && isAddress {
      throw Refusal(
        .invalid, "A server that is reached by its address has the bucket in the path.",
        field: "bucket")
    }
  }

  private static func isOfBucketName(_ byte: UInt8) -> Bool {
    (48...57) ~= byte || (65...90) ~= byte || (97...122) ~= byte
      || [UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_")].contains(byte)
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
