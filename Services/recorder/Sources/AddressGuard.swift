import Base
import HTTPClient
import Messages

/// Holds FFmpeg and the resolvers, which know no filter of their own, to the addresses that the HTTP
/// client takes (`[recorder] public_addresses_only`): asked before each of their connections.
///
/// What a server leads on to afterwards (a redirect, an address in an answer) is beyond it.
struct AddressGuard: Sendable {
  /// What may be connected to.
  let addresses: AddressFilter

  static let none = AddressGuard(addresses: .all)

  /// The address to hand on in place of the one that is asked about. Where that loses nothing, its host is
  /// in numbers, so that a name server which changes its mind is not asked again: not over HTTP, whose
  /// servers tell sites apart by their names, and not where a certificate proves the name.
  ///
  /// Throws what the HTTP client says of such an address.
  func admit(_ url: String) async throws(SourceFailure) -> String {
    guard case .publicInternet = addresses else { return url }
    let scheme = SourceRoute.scheme(url)
    // A device is of this machine.
    guard scheme != "device" else { throw SourceFailure(.forbidden(url)) }
    guard let host = SourceHost(url) else {
      throw SourceFailure(
        .sourceRefused, "The address does not say clearly which host it is of.", pace: .patient)
    }
    // Whoever names no host listens on this machine.
    guard !host.name.isEmpty else { throw SourceFailure(.forbidden(url)) }
    let found: [String]
    do {
      found = try await addresses.addresses(of: host.name, in: url)
    } catch {
      throw SourceFailure(error)
    }
    guard !["http", "https"].contains(scheme), !FFmpegCommand.checksCertificates(scheme),
      let first = found.first
    else { return url }
    return host.url(with: first)
  }
}
