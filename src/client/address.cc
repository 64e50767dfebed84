// Moonstone. Licence: see LICENSE.
#include "client/address.h"

#include <algorithm>
#include <charconv>
#include <system_error>

namespace moonstone::client {
namespace {

constexpr int kPortMax = 65'535;

bool is_port(std::string_view text) {
  int port = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), port);
  return failed == std::errc() && end == text.data() + text.size() && port > 0 && port <= kPortMax;
}

/// Visible ASCII: what a request line can carry.
bool is_plain(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7F; });
}

std::string_view default_port(Address::Security security) {
  return security == Address::Security::Tls ? "443" : "80";
}

}  // namespace

std::string Address::authority() const {
  const std::string name = host.contains(':') ? "[" + host + "]" : host;
  return port == default_port(security) ? name : name + ":" + port;
}

Outcome<Address> parse_address(std::string_view url) {
  const auto refuse = [url](std::string_view why) {
    return std::unexpected(
        Failure{.code = "invalid_argument",
                .message = "the URL must look like ws://localhost:8788/ws, but " +
                           std::string(why) + ": " + std::string(url)});
  };
  const std::size_t scheme_end = url.find("://");
  if (scheme_end == std::string_view::npos) return refuse("it has no scheme");
  const std::string_view scheme = url.substr(0, scheme_end);
  Address address;
  if (scheme == "wss" || scheme == "https") {
    address.security = Address::Security::Tls;
  } else if (scheme != "ws" && scheme != "http") {
    return refuse("its scheme is another");
  }
  if (!is_plain(url)) return refuse("it has spaces or other characters to be encoded");
  if (url.contains('#')) return refuse("it has a fragment");
  const std::string_view rest = url.substr(scheme_end + 3);
  const std::size_t host_end = std::min(rest.find_first_of("/?"), rest.size());
  address.target = rest.substr(host_end);
  if (!address.target.starts_with('/')) address.target.insert(0, "/");
  const std::string_view authority = rest.substr(0, host_end);
  if (authority.contains('@')) return refuse("it has a user name; use Options::token or headers");
  std::size_t name_end = std::min(authority.rfind(':'), authority.size());
  if (authority.starts_with('[')) {
    const std::size_t bracket = authority.find(']');
    if (bracket == std::string_view::npos) return refuse("its host has no closing bracket");
    address.host = authority.substr(1, bracket - 1);
    name_end = bracket + 1;
  } else {
    address.host = authority.substr(0, name_end);
  }
  if (address.host.empty()) return refuse("it has no host");
  const std::string_view port = authority.substr(name_end);
  address.port = port.empty() ? default_port(address.security) : port.substr(1);
  if (!port.empty() && (port.front() != ':' || !is_port(address.port))) {
    return refuse("its port is none");
  }
  return address;
}

}  // namespace moonstone::client
