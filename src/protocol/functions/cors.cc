// Moonstone. Licence: see LICENSE.
#include "protocol/functions/cors.h"

#include <algorithm>
#include <utility>

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kAllowOrigin = "Access-Control-Allow-Origin";

bool has_header(const HttpResponse& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [name](const Header& header) {
    return same_header_name(header.name, name);
  });
}

}  // namespace

Cors::Cors(std::vector<std::string> origins)
    : origins_(std::move(origins)),
      allows_all_(std::ranges::find(origins_, "*") != origins_.end()) {}

HttpResponse Cors::answer_preflight(const HttpRequest& request) const {
  HttpResponse response{.status = 204};
  add_headers(request.header("Origin"), response);
  return response;
}

Respond Cors::wrap(const HttpRequest& request, Respond respond) const {
  const std::string_view origin = request.header("Origin");
  if (!is_configured() || origin.empty()) return respond;
  return [this, origin = std::string(origin),
          respond = std::move(respond)](HttpResponse response) mutable {
    add_headers(origin, response);
    respond(std::move(response));
  };
}

void Cors::add_headers(std::string_view origin, HttpResponse& response) const {
  if (origin.empty() || has_header(response, kAllowOrigin)) return;
  if (!allows_all_ && std::ranges::find(origins_, origin) == origins_.end()) return;
  auto& headers = response.headers;
  if (allows_all_) {
    headers.push_back({std::string(kAllowOrigin), "*"});
  } else {
    headers.push_back({std::string(kAllowOrigin), std::string(origin)});
    headers.push_back({"Vary", "Origin"});
    headers.push_back({"Access-Control-Allow-Credentials", "true"});
  }
  headers.push_back({"Access-Control-Allow-Methods", "GET, POST, PUT, DELETE, PATCH, OPTIONS"});
  headers.push_back({"Access-Control-Allow-Headers", "Content-Type, Authorization"});
  headers.push_back({"Access-Control-Max-Age", "86400"});
}

}  // namespace moonstone::protocol::functions
