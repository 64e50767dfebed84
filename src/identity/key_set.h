// Moonstone. Licence: see LICENSE.
#pragma once
// The keys that tokens are checked with: shared secrets, and public keys from JSON Web Key Sets.
//
// Invariant: a key verifies one algorithm, which follows from its type and never from the token. So
// a public RSA key cannot be taken for the secret of an HMAC.
// Threads: keys and sets are immutable.
// Source: RFC 7517, 7518, 8037.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "identity/json_web_token.h"

namespace moonstone::identity {

/// A set that is fetched: dozens of keys are some 50 KiB.
inline constexpr std::size_t kKeySetBytesMax = std::size_t{256} * 1024;
/// Keys of one set that are kept. A token without a key id is tried with each of its algorithm.
inline constexpr std::size_t kKeysMax = 64;
/// HS256 is as strong as its secret; RFC 7518 asks for the length of the digest.
inline constexpr std::size_t kSecretBytesMin = 32;
inline constexpr int kRsaBitsMin = 2048;
inline constexpr int kRsaBitsMax = 8192;

class VerificationKey {
 public:
  /// A secret for HS256. Errors: InvalidArgument if it is too short.
  [[nodiscard]] static Result<VerificationKey> from_secret(std::string secret);
  /// A public key of a key set: RSA, EC P-256 or Ed25519. Errors: InvalidArgument naming what is
  /// wrong, Unimplemented for kinds of keys and uses that we have nothing to do with.
  [[nodiscard]] static Result<VerificationKey> from_json(const Object& json);

  [[nodiscard]] Algorithm algorithm() const;
  [[nodiscard]] const std::string& id() const;  // empty: none
  /// Whether the signature over the text was made with this key. Cost: 20 to 200 µs.
  [[nodiscard]] bool verifies(std::string_view text, std::string_view signature) const;

 private:
  struct Material;
  explicit VerificationKey(std::shared_ptr<const Material> material);

  std::shared_ptr<const Material> material_;  // shared by copies
};

struct KeySet {
  std::vector<VerificationKey> keys;
  std::vector<std::string> skipped;  // keys that are of no use, and why; for the log
};
using KeySetPtr = std::shared_ptr<const KeySet>;  // shared by the cache and checks under way

/// Reads `{"keys": [...]}`. Keys that are of no use are skipped, as the RFC asks for.
/// Errors: InvalidArgument if it is no such text or holds no usable key.
[[nodiscard]] Result<KeySet> parse_key_set(std::string_view text);

enum class SignatureCheck : unsigned char {
  Valid,
  Invalid,
  UnknownKey,      // no key has the token's id; the set may be out of date
  OtherAlgorithm,  // the key is for another algorithm than the token says
};

[[nodiscard]] SignatureCheck check_signature(const KeySet& keys, const ParsedToken& token);

}  // namespace moonstone::identity
