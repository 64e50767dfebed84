// Moonstone. Licence: see LICENSE.
#pragma once
// SHA-256, HMAC and comparison of secrets, over the system's OpenSSL.
// Threads: a Sha256 is confined to its owner; the functions are pure.

#include <memory>
#include <string>
#include <string_view>

namespace moonstone {

inline constexpr std::size_t kSha256Bytes = 32;

/// A digest over pieces. The result is 32 raw bytes; to_hex() (encoding.h) prints it.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  /// The digest; nothing may be added afterwards.
  [[nodiscard]] std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

[[nodiscard]] std::string sha256(std::string_view bytes);
[[nodiscard]] std::string hmac_sha256(std::string_view key, std::string_view bytes);

/// Compares without telling by its duration where the texts differ; their lengths are no secret.
[[nodiscard]] bool equal_secrets(std::string_view a, std::string_view b);

}  // namespace moonstone
