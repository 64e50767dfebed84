// Moonstone. Licence: see LICENSE.
#include "protocol/functions/admin_routes.h"

#include <algorithm>
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

bool is_ip_address(std::string_view name) {
  if (name.starts_with('[')) return name.ends_with(']');
  return !name.empty() && name.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// `name` or something below it.
bool is_within(std::string_view host, std::string_view name) {
  return host == name || (host.size() > name.size() && host.ends_with(name) &&
                          host[host.size() - name.size() - 1] == '.');
}

}  // namespace

bool is_own_host(std::string_view host, const std::vector<std::string>& names) {
  const std::size_t port = host.rfind(':');
  const bool has_port = port != std::string_view::npos && !host.ends_with(']');
  std::string name(host.substr(0, has_port ? port : host.size()));
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.ends_with('.')) name.pop_back();
  // Only programs leave it out; browsers never do.
  if (name.empty() || is_ip_address(name) || is_within(name, "localhost")) return true;
  return std::ranges::any_of(names,
                             [&name](const std::string& own) { return is_within(name, own); });
}

bool has_foreign_origin(const HttpRequest& request) {
  // Browsers name the origin of requests that a page could read or that change something, and say
  // of all others where they come from.
  const std::string_view site = request.header("Sec-Fetch-Site");
  if (site == "cross-site" || site == "same-site") return true;
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
    if (!request.from_loopback) {
      return forbidden("in development, administration is open on this machine only");
    }
    if (is_own_host(request.header("Host"), rules.names)) return std::nullopt;
    return forbidden(
        "in development, administration answers to localhost, IP addresses and server.public_url; "
        "the request asks for another host");
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
