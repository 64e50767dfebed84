// Moonstone. Licence: see LICENSE.
#include "protocol/functions/http_action_routes.h"

#include <utility>

#include "protocol/functions/action_host.h"

namespace moonstone::protocol::functions {

bool is_http_action(const runtime::Bundle* bundle, const HttpRequest& request) {
  return bundle != nullptr && bundle->find_route(request.method, request.path) != nullptr;
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
