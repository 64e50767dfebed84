// Moonstone. Licence: see LICENSE.
#include "protocol/functions/query_routes.h"

#include <memory>
#include <string>
#include <utility>

namespace moonstone::protocol::functions {
namespace {

/// The one table from errors to POST /query's answers.
HttpResponse response_of(const Error& error, const std::string& function) {
  if (error.reason() == "function") {
    return error_response(404, "not_found", "Function not found: " + function);
  }
  if (error.reason() == "internal_function") {
    return error_response(403, "forbidden", "Function \"" + function + "\" is internal");
  }
  if (error.reason() == "system_function") {
    return error_response(403, "forbidden", error.message());
  }
  if (error.reason() == "kind") {
    return error_response(400, "bad_request", "\"" + function + "\" is not a query");
  }
  return error_response(500, "execution_error", error.message());
}

}  // namespace

bool route_query(Exchange& exchange) {
  if (exchange.request.method != "POST" || exchange.request.path != "/query") return false;
  auto body = parse_call_body(exchange.request.body);
  if (!body) {
    exchange.respond(error_response(500, "execution_error", body.error().message()));
    return true;
  }
  if (body->function.empty()) {
    exchange.respond(error_response(400, "bad_request", "Missing required field: fn"));
    return true;
  }
  const TenantPtr tenant = exchange.tenant;
  tenant->host().call(
      {.function = body->function,
       .args = std::move(body->args),
       .kind = runtime::FunctionKind::Query,
       .caller = exchange.caller,
       .session = std::move(exchange.session)},
      [tenant, function = body->function,
       respond = std::move(exchange.respond)](Result<FunctionResult> result) mutable {
        if (!result) return respond(response_of(result.error(), function));
        respond(json_response(200, *result ? R"({"result":)" + ***result + "}" : "{}"));
      });
  return true;
}

}  // namespace moonstone::protocol::functions
