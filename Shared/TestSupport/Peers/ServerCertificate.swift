internal import Subprocess

/// A certificate for this machine (`localhost`, 127.0.0.1) that is its own authority, made by openssl.
public struct ServerCertificate: Sendable {
  public let path: String
  let key: String

  /// `name` other than this machine's: a server that is not who it says.
  public static func make(
    in folder: TemporaryFolder, for name: String = "localhost"
  ) async throws -> ServerCertificate {
    let made = ServerCertificate(path: folder("cert.pem"), key: folder("key.pem"))
    let names = "subjectAltName=DNS:\(name)" + (name == "localhost" ? ",IP:127.0.0.1" : "")
    let run = try await ChildProcess.run(
      ChildCommand(
        try requires(.openssl),
        [
          "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
          "-days", "2", "-subj", "/CN=\(name)", "-addext", names, "-keyout", made.key, "-out",
          made.path,
        ]), timeout: .seconds(60))
    guard run.exit.isSuccess else { throw TestFailure("openssl \(run.exit): \(run.errorText)") }
    return made
  }
}
