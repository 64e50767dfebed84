// Moonstone. Licence: see LICENSE.
#include "protocol/functions/exchange.h"

#include <utility>

#include "base/json.h"
#include "base/script_json.h"

namespace moonstone::protocol::functions {

HttpResponse text_response(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(text)};
}

HttpResponse json_response(int status, std::string body) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

HttpResponse error_response(int status, std::string_view code, std::string_view message) {
  std::string body = R"({"error":)";
  write_json_string(message, body);
  body.append(R"(,"code":")").append(code).append("\"}");
  return json_response(status, std::move(body));
}

HttpResponse admin_error_response(const Error& error) {
  const bool unknown = error.code() == ErrorCode::NotFound && error.reason() == "function";
  std::string body = R"({"success":false,"error":)";
  write_json_string(error.message(), body);
  body.append(unknown ? R"(,"code":"not_found"})" : R"(,"code":"execution_error"})");
  return json_response(unknown ? 404 : 500, std::move(body));
}

Result<CallBody> parse_call_body(const std::string& body) {
  MS_TRY(Value parsed, parse_script_json(body));
  CallBody call{.function = {}, .args = Object(), .identity = {}};
  if (!parsed.is_object()) return call;
  if (Value* function = parsed.as_object().find("fn"); function != nullptr && function->is_text()) {
    call.function = function->as_text();
  }
  if (Value* args = parsed.as_object().find("args")) call.args = std::move(*args);
  Value* const identity = parsed.as_object().find("identity");
  if (identity != nullptr && identity->is_object()) call.identity = std::move(*identity);
  return call;
}

}  // namespace moonstone::protocol::functions
