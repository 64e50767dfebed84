// Moonstone. Licence: see LICENSE.
#pragma once
// Makes keys, key sets and signed tokens with OpenSSL, for tests.

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace moonstone::identity::testing {

[[nodiscard]] std::string to_base64url(std::string_view bytes);

/// 2026-11-21; the time of all tests that need one.
inline constexpr std::int64_t kNowSeconds = 1'795'000'000;
/// Claims that everything accepts: issuer "https://issuer.test", audience "app", one hour.
[[nodiscard]] std::string claims_json(std::string_view subject = "u1",
                                      std::string_view more_members = "");

class SigningKey {
 public:
  enum class Kind : unsigned char { Rsa, Rsa1024, P256, Ed25519 };

  SigningKey(Kind kind, std::string id);

  /// {"kty":.., "kid":.., ..}
  [[nodiscard]] std::string public_json() const;
  [[nodiscard]] std::string token(std::string_view claims) const;
  [[nodiscard]] std::string token_with_header(std::string_view header,
                                              std::string_view claims) const;
  [[nodiscard]] const char* algorithm() const;
  /// The public key as PEM text, the favourite secret of forgers.
  [[nodiscard]] std::string public_pem() const;

 private:
  struct Material;
  [[nodiscard]] std::string sign(std::string_view text) const;
  [[nodiscard]] std::string parameter(const char* name) const;

  Kind kind_;
  std::string id_;
  std::shared_ptr<Material> material_;
};

[[nodiscard]] std::string hmac_token(std::string_view secret,
                                     std::string_view claims,
                                     std::string_view header = R"({"alg":"HS256","typ":"JWT"})");

/// {"keys":[..]} of such texts.
template <class... Keys>
std::string key_set_json(const Keys&... keys) {
  std::string text;
  ((text += (text.empty() ? "" : ",") + std::string(keys)), ...);
  return R"({"keys":[)" + text + "]}";
}

}  // namespace moonstone::identity::testing
