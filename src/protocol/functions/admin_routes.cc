// Moonstone. Licence: see LICENSE.
#include "protocol/functions/admin_routes.h"

#include <utility>

#include "base/digest.h"
#include "protocol/functions/dashboard.h"

namespace moonstone::protocol::functions {
namespace {

void run(Exchange exchange) {
  auto body = parse_call_body(exchange.request.body);
  if (!body) return exchange.respond(admin_error_response(body.error()));
  if (body->identity.is_object()) exchange.session.identity = std::move(body->identity);
  const TenantPtr tenant = exchange.tenant;
  tenant->host().call({.function = body->function,
                       .args = std::move(body->args),
                       .caller = Caller::Administrator,
                       .session = std::move(exchange.session),
                       .cancelled = exchange.request.gone},
                      [tenant, function = body->function, respond = std::move(exchange.respond)](
                          Result<FunctionResult> result) mutable {
                        if (result) {
                          return respond(json_response(
                              200, *result ? R"({"success":true,"result":)" + ***result + "}"
                                           : std::string(R"({"success":true})")));
                        }
                        // The list of known functions, which development adds, is for the
                        // WebSocket's texts only.
                        if (result.error().reason() == "function") {
                          return respond(admin_error_response(Error(
                              ErrorCode::NotFound, "Function not found: " + function, "function")));
                        }
                        respond(admin_error_response(result.error()));
                      });
}

void reset(Exchange exchange, Executor& maintenance) {
  // It waits for the writer, and this thread serves sockets.
  maintenance.post([tenant = exchange.tenant, respond = std::move(exchange.respond)]() mutable {
    const Status done = tenant->reset();
    respond(done ? text_response(200, "OK") : admin_error_response(done.error()));
  });
}

}  // namespace

bool has_foreign_origin(const HttpRequest& request) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return false;
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos || origin.substr(scheme + 3) != request.header("Host");
}

bool presents_key(const Administration& rules, const HttpRequest& request) {
  return !rules.key.empty() &&
         equal_secrets(request.header("Authorization"), "Bearer " + rules.key);
}

std::optional<HttpResponse> refuse_administration(const Administration& rules,
                                                  const HttpRequest& request) {
  const auto forbidden = [](std::string_view message) {
    return error_response(403, "forbidden", message);
  };
  if (has_foreign_origin(request)) return forbidden("pages of another origin may not administrate");
  if (rules.mode == Mode::Development) {
    if (request.from_loopback) return std::nullopt;
    return forbidden("in development, administration is open on this machine only");
  }
  if (rules.key.empty()) {
    return forbidden("administration is off; set MOONSTONE_ADMIN_KEY to switch it on");
  }
  if (presents_key(rules, request)) return std::nullopt;
  return error_response(401, "unauthorized",
                        "administration needs the key: Authorization: Bearer <key>");
}

bool route_administration(Exchange& exchange, const Administration& rules, Executor& maintenance) {
  const std::string_view path = exchange.request.path;
  const bool development = rules.mode == Mode::Development;
  const bool post = exchange.request.method == "POST";
  if (development && (path == "/_dashboard" || path.starts_with("/_dashboard/"))) {
    exchange.respond(
        {.status = 200,
         .headers = {{"Content-Type", "text/html; charset=utf-8"},
                     {"Cache-Control", "no-cache"},
                     {"Content-Security-Policy", "default-src 'self' 'unsafe-inline' data:"}},
         .body = std::string(dashboard_page())});
    return true;
  }
  const bool is_run = post && path == "/__admin/run";
  const bool is_reset = post && development && path == "/__dev/reset";
  if (!is_run && !is_reset) return false;
  if (auto refusal = refuse_administration(rules, exchange.request)) {
    exchange.respond(*std::move(refusal));
  } else if (is_run) {
    run(std::move(exchange));
  } else {
    reset(std::move(exchange), maintenance);
  }
  return true;
}

}  // namespace moonstone::protocol::functions
