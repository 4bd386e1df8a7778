internal import Base
internal import HTTPClient
internal import Messages

/// The one table from what goes wrong with S3 to kinds and sentences.
enum S3Failure {
  static func error(
    _ answer: S3Answer, while what: String, at endpoint: S3Endpoint
  ) -> DeliveryError {
    let address = endpoint.address
    let code = answer.code ?? "\(answer.status)"
    switch code {
    case "SignatureDoesNotMatch":
      return DeliveryError(
        .authentication,
        "\(address) does not accept the secret of the access key \(endpoint.accessKey): enter the "
          + "secret again.")
    case "InvalidAccessKeyId", "InvalidAccessKeyID":
      return DeliveryError(
        .authentication,
        "\(address) does not know the access key \(endpoint.accessKey): check its id.")
    case "NoSuchBucket":
      return DeliveryError(
        .missingFolder,
        "There is no bucket '\(endpoint.bucket.name)' at \(address): make it there, or correct its "
          + "name.")
    case "RequestTimeTooSkewed":
      return DeliveryError(
        .refused,
        "The clocks of this host and of \(address) differ by more than 15 minutes: set them right.")
    case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "301", "302",
      "307", "308":
      return DeliveryError(
        .wrongEndpoint,
        "The bucket '\(endpoint.bucket.name)' is not at \(address) in the region "
          + "'\(endpoint.bucket.region)'\(named(answer)): correct the host and the region.")
    case "BadDigest", "InvalidDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
      return DeliveryError(
        .verification,
        "What arrived at \(address) was not what was sent (\(code)): it is sent again.")
    case "QuotaExceeded", "XMinioStorageFull", "507":
      return .noSpace(for: "the bucket '\(endpoint.bucket.name)' at \(address)")
    case "EntityTooSmall":
      return DeliveryError(
        .unsupportedServer,
        "\(address) does not take parts that small: set [delivery] part_mib to 5 or more.")
    case "AccessDenied", "AllAccessDisabled", "AccountProblem", "401", "403":
      return DeliveryError(
        .permission,
        "The access key \(endpoint.accessKey) may not \(what) in '\(endpoint.bucket.name)' at "
          + "\(address): allow it s3:PutObject, GetObject, DeleteObject, AbortMultipartUpload, "
          + "ListBucket and ListBucketMultipartUploads there.")
    default:
      return (500...599).contains(answer.status) || [408, 409, 429].contains(answer.status)
        || busyCodes.contains(code)
        ? busy(answer, code, endpoint) : refused(answer, code, what, endpoint)
    }
  }

  private static let busyCodes: Set<String> = [
    "SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout", "OperationAborted",
    "RequestLimitExceeded", "Throttling",
  ]

  private static func busy(
    _ answer: S3Answer, _ code: String, _ endpoint: S3Endpoint
  ) -> DeliveryError {
    if answer.status == 501 {
      return DeliveryError(
        .unsupportedServer,
        "\(endpoint.address) does not know how to do that (\(text(answer, code))): see whether it "
          + "speaks S3.")
    }
    return DeliveryError(
      .unavailable,
      "\(endpoint.address) cannot take files now (\(text(answer, code))): it is tried again.")
  }

  private static func refused(
    _ answer: S3Answer, _ code: String, _ what: String, _ endpoint: S3Endpoint
  ) -> DeliveryError {
    DeliveryError(
      .refused,
      "\(endpoint.address) refused to \(what) (\(text(answer, code))): see whether it speaks S3 and "
        + "what its log says.")
  }

  /// The server's own words, cut to a line.
  private static func text(_ answer: S3Answer, _ code: String) -> String {
    let words = (answer.document.value("Message") ?? "").filter { !$0.isNewline }.prefix(200)
    let status = code == "\(answer.status)" ? "" : "\(answer.status) "
    return words.isEmpty ? "\(status)\(code)" : "\(status)\(code): \(words)"
  }

  private static func named(_ answer: S3Answer) -> String {
    if let region = answer.region { return ", but in '\(region)'" }
    if let place = answer.document.value("Endpoint") { return ", but at \(place)" }
    return ""
  }

  static func error(_ error: HTTPError, at endpoint: S3Endpoint) -> DeliveryError {
    let address = endpoint.address
    switch error.kind {
    case .dns:
      return DeliveryError(
        .unreachable, "The name \(endpoint.host) was not found: check its spelling.")
    case .refused, .unreachable, .forbiddenAddress:
      return DeliveryError(
        .unreachable,
        "\(address) cannot be reached (\(error.detail)): check host, port and network.")
    case .timeout, .stalled:
      return DeliveryError(.timeout, "\(address) did not answer in time: see whether it is well.")
    case .interrupted:
      return DeliveryError(
        .connectionLost, "The connection to \(address) broke off: it is tried again.")
    case .tls:
      return DeliveryError(
        .insecure,
        "\(address) has no secure connection to offer (\(error.detail)): check its certificate, and "
          + "whether TLS is to be used.")
    case .cancelled: return .stopped
    case .redirect, .status, .tooLarge, .protocolViolation:
      return DeliveryError(
        .protocolFault,
        "\(address) does not speak HTTP as it should (\(error.detail)): check host, port and TLS.")
    case .invalidRequest:
      return DeliveryError(
        .sourceChanged,
        "The file could not be read to its end while it was sent to \(address): check the disk, "
          + "then retry.")
    }
  }
}
