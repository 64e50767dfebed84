// Moonstone. Licence: see LICENSE.
#pragma once
// HttpClient: one HTTP request after the other, over the system's libcurl.
// Threads: synchronised; send() blocks.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moonstone::files {

struct HttpCall {
  std::string method;
  std::string url;
  std::vector<std::pair<std::string, std::string>> headers;
  std::string_view body;  // sent with PUT and POST
  std::size_t answer_bytes_max = 0;
};

struct HttpAnswer {
  int status = 0;
  std::string etag;  // as sent, with its quotes
  std::uint64_t content_length = 0;
  std::string body;
};

class HttpClient {
 public:
  virtual ~HttpClient() = default;
  /// Any status is an answer. Errors: Unavailable (no answer), Cancelled (after stop()).
  [[nodiscard]] virtual Result<HttpAnswer> send(const HttpCall& call) = 0;
  /// Ends transfers under way, and refuses others.
  virtual void stop() = 0;
};

[[nodiscard]] std::unique_ptr<HttpClient> make_curl_client();

}  // namespace moonstone::files
