// Moonstone. Licence: see LICENSE.
#include "query/seal.h"

#include "base/digest.h"
#include "base/encoding.h"

namespace moonstone::query {
namespace {

/// 128 bits: nobody finds a content for a tag by trying.
constexpr std::size_t kTagBytes = 16;

std::string key_of(std::string_view secret, std::string_view purpose) {
  return hmac_sha256(secret, purpose);
}

std::string tag_of(std::string_view content, std::string_view secret) {
  return hmac_sha256(key_of(secret, "moonstone cursor tag"), content).substr(0, kTagBytes);
}

/// Masks the content, or takes the mask off.
void mask(std::string_view tag, std::string_view secret, std::string& content) {
  const std::string key = key_of(secret, "moonstone cursor mask");
  for (std::size_t start = 0; start < content.size(); start += kSha256Bytes) {
    const std::string block =
        hmac_sha256(key, std::string(tag) + std::to_string(start / kSha256Bytes));
    for (std::size_t i = 0; i < block.size() && start + i < content.size(); ++i) {
      content[start + i] = static_cast<char>(content[start + i] ^ block[i]);
    }
  }
}

}  // namespace

std::string seal(std::string_view content, std::string_view secret) {
  const std::string tag = tag_of(content, secret);
  std::string masked(content);
  mask(tag, secret, masked);
  return to_base64(tag + masked);
}

std::optional<std::string> unseal(std::string_view text, std::string_view secret) {
  const std::optional<std::string> bytes = from_base64(text);
  if (!bytes || bytes->size() < kTagBytes) return std::nullopt;
  const std::string tag = bytes->substr(0, kTagBytes);
  std::string content = bytes->substr(kTagBytes);
  mask(tag, secret, content);
  if (!equal_secrets(tag, tag_of(content, secret))) return std::nullopt;
  return content;
}

}  // namespace moonstone::query
