// Moonstone. Licence: see LICENSE.
#pragma once
// Address: where a server is, taken from its URL.
// Threads: pure functions.

#include <string>
#include <string_view>

#include "moonstone/client.h"

namespace moonstone::client {

struct Address {
  enum class Security : unsigned char { Plain, Tls } security = Security::Plain;
  std::string host;    // without brackets
  std::string port;    // digits
  std::string target;  // path and query; begins with '/'

  /// "host:port" as the Host header has it: without a default port, with brackets where needed.
  [[nodiscard]] std::string authority() const;
};

/// Takes ws:// and wss:// addresses apart, http:// and https:// being the same.
/// Errors: "invalid_argument" naming the URL and what is wrong.
[[nodiscard]] Outcome<Address> parse_address(std::string_view url);

}  // namespace moonstone::client
