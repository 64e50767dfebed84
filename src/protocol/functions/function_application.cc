// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_application.h"

#include <algorithm>
#include <utility>

#include "base/json.h"
#include "protocol/functions/dashboard.h"

namespace moonstone::protocol::functions {

namespace {

using runtime::FunctionKind;

HttpResponse text_response(int status, std::string_view text) {
  return {.status = status,
          .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
          .body = std::string(text)};
}

HttpResponse json_response(int status, std::string body) {
  return {
      .status = status, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

/// `{"error":..,"code":..}`, the error shape of POST /query.
HttpResponse query_error(int status, std::string_view code, std::string_view message) {
  std::string body = R"({"error":)";
  write_json_string(message, body);
  body.append(R"(,"code":")").append(code).append("\"}");
  return json_response(status, std::move(body));
}

/// The error shape of POST /__admin/run.
HttpResponse admin_error(const Error& error) {
  const bool unknown = error.code() == ErrorCode::NotFound && error.reason() == "function";
  std::string body = R"({"success":false,"error":)";
  write_json_string(error.message(), body);
  body.append(unknown ? R"(,"code":"not_found"})" : R"(,"code":"execution_error"})");
  return json_response(unknown ? 404 : 500, std::move(body));
}

/// The one table from errors to POST /query's answers (functions.md section 10).
HttpResponse query_error_of(const Error& error, const std::string& function) {
  if (error.reason() == "function") {
    return query_error(404, "not_found", "Function not found: " + function);
  }
  if (error.reason() == "internal_function") {
    return query_error(403, "forbidden", "Function \"" + function + "\" is internal");
  }
  if (error.reason() == "kind") {
    return query_error(400, "bad_request", "\"" + function + "\" is not a query");
  }
  return query_error(500, "execution_error", error.message());
}

struct CallBody {
  std::string function;
  Value args;
};

/// Reads {"fn", "args"}; args default to {}.
Result<CallBody> parse_call(const std::string& body) {
  MS_TRY(Value parsed, parse_json(body));
  CallBody call{.function = {}, .args = Object()};
  if (!parsed.is_object()) return call;
  if (Value* function = parsed.as_object().find("fn"); function != nullptr && function->is_text()) {
    call.function = function->as_text();
  }
  if (Value* args = parsed.as_object().find("args")) call.args = std::move(*args);
  return call;
}

/// Whether a browser page of another origin sent the request.
bool has_foreign_origin(const HttpRequest& request) {
  const std::string_view origin = request.header("Origin");
  if (origin.empty()) return false;
  const std::size_t scheme = origin.find("://");
  return scheme == std::string_view::npos || origin.substr(scheme + 3) != request.header("Host");
}

/// Compares without telling by its duration where the texts differ.
bool equal_secrets(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  }
  return difference == 0;
}

}  // namespace

/// A session that takes itself off the list when it closes.
class FunctionApplication::TrackedSession final : public SocketSession {
 public:
  TrackedSession(FunctionApplication& application, SocketSinkPtr sink)
      : application_(application),
        session_(application.host_, std::move(sink), application.options_.session) {
    application_.sessions_.lock()->insert(&session_);
  }
  ~TrackedSession() override { untrack(); }

  void on_text(std::string_view text) override { session_.on_text(text); }
  void on_writable() override { session_.on_writable(); }
  void on_closed() override {
    untrack();
    session_.on_closed();
  }

 private:
  void untrack() { application_.sessions_.lock()->erase(&session_); }

  FunctionApplication& application_;
  FunctionSession session_;
};

FunctionApplication::FunctionApplication(FunctionHost& host, ApplicationOptions options)
    : host_(host), options_(std::move(options)) {}

FunctionApplication::~FunctionApplication() = default;

void FunctionApplication::accept(HttpRequest request, SocketSinkPtr sink, Decide decide) {
  if (request.path != "/ws") return decide(text_response(404, "Not found"));
  const std::string_view origin = request.header("Origin");
  const auto& allowed = options_.origins;
  if (!allowed.empty() && !origin.empty() && std::ranges::find(allowed, origin) == allowed.end()) {
    return decide(text_response(403, "Origin not allowed"));
  }
  decide(std::make_unique<TrackedSession>(*this, std::move(sink)));
}

void FunctionApplication::handle(HttpRequest request, Respond respond) {
  const bool development = host_.options().mode == Mode::Development;
  const bool post = request.method == "POST";
  if (request.path == "/health") return respond(text_response(200, "OK"));
  if (post && request.path == "/query") return run_query(request, std::move(respond));
  if (post && request.path == "/__admin/run")
    return run_as_administrator(request, std::move(respond));
  if (post && development && request.path == "/__dev/reset")
    return reset(request, std::move(respond));
  if (development && (request.path == "/_dashboard" || request.path.starts_with("/_dashboard/"))) {
    return respond(
        {.status = 200,
         .headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-cache"}},
         .body = dashboard_page(host_.bundle().get())});
  }
  respond(text_response(404, "Not found"));
}

void FunctionApplication::run_query(const HttpRequest& request, Respond respond) {
  auto body = parse_call(request.body);
  if (!body) return respond(query_error(500, "execution_error", body.error().message()));
  if (body->function.empty()) {
    return respond(query_error(400, "bad_request", "Missing required field: fn"));
  }
  auto call =
      host_.prepare(body->function, std::move(body->args), FunctionKind::Query, Caller::Client);
  if (!call) return respond(query_error_of(call.error(), body->function));
  auto shared = std::make_shared<Respond>(std::move(respond));
  host_.live().run_once(host_.live_query(*call, {}), [shared, function = body->function](
                                                         const Result<live::SharedText>& json) {
    if (!json) return (*shared)(query_error_of(json.error(), function));
    const bool is_undefined = *json == FunctionHost::undefined_result();
    (*shared)(json_response(200, is_undefined ? "{}" : R"({"result":)" + **json + "}"));
  });
}

std::optional<HttpResponse> FunctionApplication::refuse_administration(
    const HttpRequest& request) const {
  const auto forbidden = [](std::string_view message) {
    return query_error(403, "forbidden", message);
  };
  if (has_foreign_origin(request)) return forbidden("pages of another origin may not administrate");
  if (host_.options().mode == Mode::Development) {
    if (request.from_loopback) return std::nullopt;
    return forbidden("in development, administration is open on this machine only");
  }
  if (options_.admin_key.empty()) {
    return forbidden("administration is off; set MOONSTONE_ADMIN_KEY to switch it on");
  }
  const std::string expected = "Bearer " + options_.admin_key;
  if (equal_secrets(request.header("Authorization"), expected)) return std::nullopt;
  return query_error(401, "unauthorized",
                     "administration needs the key: Authorization: Bearer <key>");
}

void FunctionApplication::run_as_administrator(const HttpRequest& request, Respond respond) {
  if (auto refusal = refuse_administration(request)) return respond(*std::move(refusal));
  auto body = parse_call(request.body);
  if (!body) return respond(admin_error(body.error()));
  auto call =
      host_.prepare(body->function, std::move(body->args), std::nullopt, Caller::Administrator);
  if (!call && call.error().reason() == "function") {
    // The list of known functions, which development adds, is for the WebSocket's texts only.
    return respond(admin_error(
        Error(ErrorCode::NotFound, "Function not found: " + body->function, "function")));
  }
  if (!call) return respond(admin_error(call.error()));
  const auto answer = [](const std::optional<std::string>& json) {
    return json_response(200, json ? R"({"success":true,"result":)" + *json + "}"
                                   : std::string(R"({"success":true})"));
  };
  switch (call->function->kind) {
    case FunctionKind::Query: {
      auto shared = std::make_shared<Respond>(std::move(respond));
      return host_.live().run_once(host_.live_query(*call, {}),
                                   [shared, answer](const Result<live::SharedText>& json) {
                                     (*shared)(json ? answer(**json) : admin_error(json.error()));
                                   });
    }
    case FunctionKind::Mutation:
      return host_.mutate(
          *std::move(call), {}, "",
          [answer, respond = std::move(respond)](Result<engine::MutationOutcome> outcome) mutable {
            respond(outcome ? answer(outcome->result_json) : admin_error(outcome.error()));
          });
    case FunctionKind::Action:
      return respond(admin_error(Error(ErrorCode::Unimplemented,
                                       "actions are not available in this version of Moonstone")));
  }
}

void FunctionApplication::reset(const HttpRequest& request, Respond respond) {
  if (auto refusal = refuse_administration(request)) return respond(*std::move(refusal));
  // Database::reset waits for the writer, and this thread serves sockets.
  maintenance_.post([this, respond = std::move(respond)]() mutable {
    Status done = host_.database().reset();
    if (!done) return respond(admin_error(done.error()));
    host_.live().clear();
    sessions_.with_lock([](const std::set<FunctionSession*>& sessions) {
      for (FunctionSession* session : sessions)
        session->send_reset();
    });
    respond(text_response(200, "OK"));
  });
}

}  // namespace moonstone::protocol::functions
