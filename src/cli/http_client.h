// Moonstone. Licence: see LICENSE.
#pragma once
// A small HTTP/1.1 client: one POST on a connection of its own, bounded in time and size.
//
// http:// only: whoever administers a remote server reaches it through a tunnel or a proxy.
// Threads: post() blocks its caller.

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"

namespace moonstone::cli {

struct Url {
  std::string host;  // without brackets
  std::string port = "80";
  std::string path;  // begins with '/'; "/" if there is none
};

/// Errors: InvalidArgument naming the URL and what is wrong.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

inline constexpr std::size_t kResponseHeadBytesMax = std::size_t{64} * 1024;
inline constexpr std::size_t kResponseBodyBytesMax = std::size_t{64} * 1024 * 1024;

struct HttpPost {
  std::string url{};
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};
  std::chrono::seconds time_max{60};  // from connecting to the last byte
};

struct HttpReply {
  int status = 0;
  std::string body;
};

/// Errors: Unavailable (no connection, or cut off), DeadlineExceeded, LimitExceeded,
/// InvalidArgument (the URL, or an answer that is not HTTP); each names the URL.
[[nodiscard]] Result<HttpReply> post(const HttpPost& request);

}  // namespace moonstone::cli
