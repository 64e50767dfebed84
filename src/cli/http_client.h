// Moonstone. Licence: see LICENSE.
#pragma once
// A small HTTP/1.1 client: one request on a connection of its own, bounded in time and size.
// Threads: its functions block their caller.

#include <chrono>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/connection.h"

namespace moonstone::cli {

inline constexpr std::size_t kResponseHeadBytesMax = std::size_t{64} * 1024;
/// Of an answer that is kept in memory.
inline constexpr std::size_t kResponseBodyBytesMax = std::size_t{64} * 1024 * 1024;

struct HttpCall {
  std::string method = "GET";
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::string body_file{};  // set: this file is the body
  /// From connecting to the last byte; 0: as long as it takes.
  std::chrono::seconds time_max{60};
  /// Takes the body of a successful answer (2xx) piece by piece; HttpReply::body stays empty. An
  /// error ends the call.
  std::function<Status(std::string_view)> on_body{};
};

struct HttpReply {
  int status = 0;
  std::string content_type;
  std::string body;
};

/// Errors: Unavailable (no connection, or cut off), DeadlineExceeded, LimitExceeded,
/// InvalidArgument (the URL, or an answer that is not HTTP); each names the URL.
[[nodiscard]] Result<HttpReply> call(const HttpCall& call);

struct HttpPost {
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::seconds time_max{60};  // from connecting to the last byte
};

/// Posts JSON. Errors: as call().
[[nodiscard]] Result<HttpReply> post(const HttpPost& request);

}  // namespace moonstone::cli
