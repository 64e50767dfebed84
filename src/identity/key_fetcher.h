// Moonstone. Licence: see LICENSE.
#pragma once
// KeyFetcher: where the text of a key set comes from. Tests bring their own.

#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::identity {

/// Threads: synchronised; fetch() blocks its caller.
class KeyFetcher {
 public:
  virtual ~KeyFetcher() = default;
  /// At most kKeySetBytesMax bytes, within kFetchTimeMax; earlier ends when `stop` is requested.
  /// Errors: Unavailable, LimitExceeded; they name the place.
  [[nodiscard]] virtual Result<std::string> fetch(const std::string& place,
                                                  std::stop_token stop) = 0;
};
using KeyFetcherPtr = std::shared_ptr<KeyFetcher>;  // shared by the caches of all providers

/// Fetches over http(s), without redirects: what is not configured is not asked.
[[nodiscard]] KeyFetcherPtr make_url_fetcher();
/// Reads a file.
[[nodiscard]] KeyFetcherPtr make_file_fetcher();

/// Whether keys can be fetched from there: an http(s) URL without user and fragment.
[[nodiscard]] bool is_key_url(std::string_view text);

}  // namespace moonstone::identity
