// Moonstone. Licence: see LICENSE.
#pragma once
// Exchange: one HTTP request on its way through the routes, and the shapes of answers.
//
// A route is a function `bool route_x(Exchange& exchange)`: false if the request is not its own,
// else it has answered, or will. It may move the parts out of the exchange.
// Threads: an exchange is handed on, never shared.

#include <string>
#include <string_view>

#include "engine/session.h"
#include "protocol/functions/tenant.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

struct Exchange {
  TenantPtr tenant;
  HttpRequest request;  // its path is without the tenant's prefix
  Respond respond;
  engine::Session session;  // who asks, and by which address
  Caller caller = Caller::Client;
};

[[nodiscard]] HttpResponse text_response(int status, std::string_view text);
[[nodiscard]] HttpResponse json_response(int status, std::string body);
/// `{"error":..,"code":..}`.
[[nodiscard]] HttpResponse error_response(int status,
                                          std::string_view code,
                                          std::string_view message);
/// `{"success":false,"error":..,"code":..}`, the shape of POST /__admin/run.
[[nodiscard]] HttpResponse admin_error_response(const Error& error);

/// The body of a call: `{"fn", "args", "identity"?}`; args default to {}.
struct CallBody {
  std::string function;  // empty: missing, or no text
  Value args;
  Value identity;  // for administrators, who may act for anybody; undefined: none was sent
};
[[nodiscard]] Result<CallBody> parse_call_body(const std::string& body);

}  // namespace moonstone::protocol::functions
