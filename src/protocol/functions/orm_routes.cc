// Moonstone. Licence: see LICENSE.
#include "protocol/functions/orm_routes.h"

#include <string>
#include <utility>

#include "base/json.h"
#include "base/script_json.h"

namespace moonstone::protocol::functions {
namespace {

/// The one table from errors of models to HTTP (litestone.md 34).
int status_of(const Error& error) {
  const std::string& reason = error.reason();
  if (reason == "NOT_FOUND" || reason == "no_models") return 404;
  if (reason == "system_function" || reason == "AccessDeniedError") return 403;
  if (reason.starts_with("Transition") || reason.starts_with("Lock")) return 409;
  if (reason == "unique" || reason == "foreign_key") return 409;
  switch (error.code()) {
    case ErrorCode::InvalidArgument:
    case ErrorCode::FailedPrecondition:
      return 400;
    case ErrorCode::NotFound:
      return 404;
    case ErrorCode::PermissionDenied:
      return 403;
    case ErrorCode::AlreadyExists:
    case ErrorCode::Conflict:
      return 409;
    case ErrorCode::LimitExceeded:
      return reason == "queue_full" ? 503 : 400;
    case ErrorCode::DeadlineExceeded:
    case ErrorCode::Unavailable:
      return 503;
    default:
      return 500;
  }
}

HttpResponse response_of(const Error& error) {
  Object body{{"name", "Error"}, {"message", error.message()}};
  if (!error.reason().empty()) body.append("reason", error.reason());
  if (const Value* const details = error.details(); details != nullptr && details->is_object()) {
    for (const Member& member : details->as_object())
      body.set(member.name, member.value);
  }
  return json_response(status_of(error), to_json(Object{{"error", std::move(body)}}));
}

}  // namespace

bool route_orm(Exchange& exchange) {
  const std::string& path = exchange.request.path;
  const bool is_query = path == "/orm/query";
  if (!is_query && path != "/orm/mutate") return false;
  if (exchange.request.method != "POST") {
    exchange.respond(error_response(405, "method_not_allowed", path + " takes POST only"));
    return true;
  }
  auto body = parse_script_json(exchange.request.body);
  if (!body) {
    exchange.respond(response_of(body.error()));
    return true;
  }
  const TenantPtr tenant = exchange.tenant;
  tenant->host().call(
      {.function = is_query ? "_orm:query" : "_orm:mutate",
       .args = *std::move(body),
       .caller = exchange.caller,
       .session = std::move(exchange.session)},
      [tenant, respond = std::move(exchange.respond)](Result<FunctionResult> result) mutable {
        if (!result) return respond(response_of(result.error()));
        respond(json_response(200, R"({"result":)" + (*result ? ***result : "null") + "}"));
      });
  return true;
}

}  // namespace moonstone::protocol::functions
