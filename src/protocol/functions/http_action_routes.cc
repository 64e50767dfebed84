// Moonstone. Licence: see LICENSE.
#include "protocol/functions/http_action_routes.h"

#include <algorithm>
#include <array>
#include <utility>

#include "protocol/functions/action_host.h"

namespace moonstone::protocol::functions {

bool is_own_path(std::string_view path) {
  constexpr std::array<std::string_view, 5> kExact = {"/health", "/metrics", "/_dashboard",
                                                      "/query", "/ws"};
  constexpr std::array<std::string_view, 3> kPrefixes = {"/__admin/", "/__dev/", "/_dashboard/"};
  return std::ranges::find(kExact, path) != kExact.end() ||
         std::ranges::any_of(kPrefixes,
                             [&](std::string_view prefix) { return path.starts_with(prefix); });
}

bool is_http_action(const runtime::Bundle* bundle, const HttpRequest& request) {
  return bundle != nullptr && !is_own_path(request.path) &&
         bundle->find_route(request.method, request.path) != nullptr;
}

bool route_http_action(Exchange& exchange) {
  const runtime::BundlePtr bundle = exchange.tenant->host().bundle();
  if (bundle == nullptr) return false;
  const runtime::HttpRoute* const route =
      bundle->find_route(exchange.request.method, exchange.request.path);
  ActionHost* const actions = exchange.tenant->actions();
  if (route == nullptr || actions == nullptr) return false;
  actions->serve(bundle, *route, std::move(exchange.request), std::move(exchange.session),
                 std::move(exchange.respond));
  return true;
}

}  // namespace moonstone::protocol::functions
