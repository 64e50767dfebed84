// Moonstone. Licence: see LICENSE.
#pragma once
// FileLinks: the addresses of files and of uploads, and the signatures on them.
//
//   {base}/storage/_storage/<uuid>                                  anyone who knows the id
//   {base}/storage/_storage/<uuid>?expires=<s>&signature=<hex>      until that Unix second
//   {base}/storage/upload?token=<uuid>                              one upload
// The signature is HMAC-SHA256 over id and expiry under a secret of the tenant, so that a link is
// good for one file of one tenant and dies with its time.
// Threads: immutable. Source: functions.md section 13 and 21.22.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/result.h"
#include "base/value.h"

namespace moonstone::files {

/// Whether a file may be fetched by whoever knows its id (a random UUID), or by signed links only.
enum class Access : unsigned char { Public, Signed };

struct LinkOptions {
  Access access = Access::Public;
  /// Under Access::Signed, for links that were asked for without a time.
  std::int64_t expires_in_s = 3600;
};

class FileLinks {
 public:
  /// Longer-lived links are better made anew: nothing can call them back.
  static constexpr std::int64_t kExpirySecondsMax = std::int64_t{366} * 24 * 3600;

  /// `secret`: at least 32 random bytes. `random` must outlive the links.
  FileLinks(std::string secret, LinkOptions options, Random& random)
      : secret_(std::move(secret)), options_(options), random_(random) {}

  /// The address of a file; with a number of seconds, a signed one.
  [[nodiscard]] std::string url_of(std::string_view base_url,
                                   std::string_view storage_id,
                                   std::optional<std::int64_t> expires_in_s,
                                   std::int64_t now_unix_ms) const;
  /// Whether the result of url_of depends on the time.
  [[nodiscard]] bool needs_time(std::optional<std::int64_t> expires_in_s) const {
    return expires_in_s.has_value() || options_.access == Access::Signed;
  }
  [[nodiscard]] static std::string upload_url_of(std::string_view base_url, std::string_view token);

  /// Decides on a download. Returns how many seconds the link is still good, if that is limited.
  /// Errors: PermissionDenied (reason "file_link").
  [[nodiscard]] Result<std::optional<std::int64_t>> check(std::string_view storage_id,
                                                          std::string_view query,
                                                          std::int64_t now_unix_ms) const;

  /// The source of tokens: not the seeded one that user code sees.
  [[nodiscard]] Random& random() const { return random_; }

 private:
  [[nodiscard]] std::string signature_of(std::string_view storage_id,
                                         std::string_view expires) const;

  std::string secret_;
  LinkOptions options_;
  Random& random_;
};

/// What getUrl is asked for: nothing, or `{expiresIn: seconds}`. Errors: InvalidArgument.
[[nodiscard]] Result<std::optional<std::int64_t>> read_expiry(const Value& options);

/// The value of a parameter of a raw query, decoded; nothing if it is not there.
[[nodiscard]] std::optional<std::string> query_parameter(std::string_view query,
                                                         std::string_view name);

/// Reads the secret in that file, or makes one. Errors: Unavailable, Corruption.
[[nodiscard]] Result<std::string> load_link_secret(const std::string& path, Random& random);

}  // namespace moonstone::files
