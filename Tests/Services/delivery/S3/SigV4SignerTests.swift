import Base
import Testing

@testable import airloom_delivery

private let emptyHash =
  "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

private struct Example: Sendable, CustomTestStringConvertible {
  var testDescription: String
  var method = "GET"
  var parts: [String] = [""]
  var query: [String: String] = [:]
  var headers: [(String, String)] = []
  var payloadHash = emptyHash
  var signature: String
}

private let storageExamples = [
  Example(
    testDescription: "GET of a range", parts: ["test.txt"], headers: [("Range", "bytes=0-9")],
    signature: "f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"),
  Example(
    testDescription: "PUT of a name with $", method: "PUT", parts: ["test$file.text"],
    headers: [
      ("Date", "Fri, 24 May 2013 00:00:00 GMT"), ("x-amz-storage-class", "REDUCED_REDUNDANCY"),
    ],
    payloadHash: "44ce7dd67c959e0d3524ffac1771dfbba87d2b6b4b4e99e42034a8b803f8b072",
    signature: "98ad721746da40c64f1a55b78f14c238d841ea1380cd77a1b5971af0ece108bd"),
  Example(
    testDescription: "a parameter without a value", query: ["lifecycle": ""],
    signature: "fea454ca298b7da1c68078a5d1bdbfbbe0d65c699e0f91ac7a200a0136783543"),
  Example(
    testDescription: "a query of two", query: ["prefix": "J", "max-keys": "2"],
    signature: "34b48302e7b5fa45bde8084f4b7868a86f0a534bc59db6670ed5711ef69dc6f7"),
]

private let suiteExamples = [
  Example(
    testDescription: "get-vanilla",
    signature: "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
  Example(
    testDescription: "get-vanilla-query-order-key-case",
    query: ["Param2": "value2", "Param1": "value1"],
    signature: "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
  Example(
    testDescription: "post-vanilla", method: "POST",
    signature: "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
  Example(
    testDescription: "get-utf8", parts: ["ሴ"],
    signature: "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
  Example(
    testDescription: "get-header-value-trim",
    headers: [("My-Header1", " value1"), ("My-Header2", " \"a   b   c\"")],
    signature: "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
]

/// AWS's published examples, as values: those of the S3 API reference ("Signature Calculations for
/// the Authorization Header"), and of the Signature Version 4 test suite.
@Suite("The signer agrees with AWS")
struct SigV4SignerTests {
  @Test("the examples of the S3 API reference", arguments: storageExamples)
  fileprivate func ofStorage(_ example: Example) throws {
    let signer = SigV4Signer(
      accessKey: "AKIAIOSFODNN7EXAMPLE",
      secret: Secret("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"), region: "us-east-1")
    let date = S3Date(try #require(Instant("2013-05-24T00:00:00Z")))
    let text = signer.authorization(
      example.method, S3Target(parts: example.parts, query: example.query),
      headers: [
        ("Host", "examplebucket.s3.amazonaws.com"), ("x-amz-date", date.stamp),
        ("x-amz-content-sha256", example.payloadHash),
      ] + example.headers, payloadHash: example.payloadHash, at: date)
    #expect(text.hasSuffix("Signature=\(example.signature)"))
    #expect(
      text.hasPrefix(
        "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request,"
          + "SignedHeaders="))
  }

  @Test("the Signature Version 4 test suite", arguments: suiteExamples)
  fileprivate func ofSuite(_ example: Example) throws {
    let signer = SigV4Signer(
      accessKey: "AKIDEXAMPLE", secret: Secret("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"),
      region: "us-east-1", service: "service")
    let date = S3Date(try #require(Instant("2015-08-30T12:36:00Z")))
    let text = signer.authorization(
      example.method, S3Target(parts: example.parts, query: example.query),
      headers: [("Host", "example.amazonaws.com"), ("X-Amz-Date", date.stamp)] + example.headers,
      payloadHash: example.payloadHash, at: date)
    #expect(text.hasSuffix("Signature=\(example.signature)"))
  }

  @Test("all but the unreserved characters is encoded, byte by byte, in capitals")
  func encoding() {
    let target = S3Target(
      parts: ["bucket", "a b", "ü+=(1)*!'~_.-", "50%"],
      query: ["uploadId": "a+b/c==", "uploads": ""])
    #expect(
      target.text
        == "/bucket/a%20b/%C3%BC%2B%3D%281%29%2A%21%27~_.-/50%25?uploadId=a%2Bb%2Fc%3D%3D&uploads=")
  }

  @Test("a secret does not show itself")
  func secrets() {
    let secret = Secret("canary")
    var dumped = ""
    dump(secret, to: &dumped)
    #expect(!"\(secret) \(String(reflecting: secret)) \(dumped)".contains("canary"))
  }

  @Test(
    "a server's date is read",
    arguments: [
      ("Sun, 06 Nov 1994 08:49:37 GMT", "1994-11-06T08:49:37Z"), ("yesterday", nil),
      ("Sun, 06 Nov 1994 08:49:37 CET", nil),
    ])
  func dates(_ text: String, _ expected: String?) {
    #expect(HTTPDate.instant(text) == expected.flatMap { Instant($0) })
  }
}
