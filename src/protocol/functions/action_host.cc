// Moonstone. Licence: see LICENSE.
#include "protocol/functions/action_host.h"

#include <chrono>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "protocol/functions/action_services.h"
#include "protocol/functions/exchange.h"
#include "schema/bigint_check.h"
#include "schema/type.h"

namespace moonstone::protocol::functions {
namespace {

using std::chrono::steady_clock;

Error closing() {
  return {ErrorCode::Unavailable, "the tenant is being closed; try again"};
}

Error no_node_half(const std::string& function) {
  return {ErrorCode::Unavailable,
          fmt::format("{} cannot run: actions need Node 18 or newer, which was not there when this "
                      "project was built. Install it (or set actions.node) and build again",
                      function),
          "node_missing"};
}

/// Checks what a handler returned and makes it the text that the caller gets.
Result<FunctionResult> finish(const runtime::Function& function, Value value) {
  if (function.returns != nullptr) {
    Value converted = value;
    Status checked = schema::check_and_convert(*function.returns, converted);
    if (!checked) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("Return value validation failed for \"{}\": {}", function.name,
                               checked.error().message()),
                   "validation");
    }
  }
  if (value.is_undefined()) return FunctionResult();
  return FunctionResult(std::make_shared<const std::string>(to_json(value)));
}

/// What is logged and counted of one call.
struct Observed {
  FunctionHost* host = nullptr;
  runtime::Function function;
  engine::Session session;
  steady_clock::time_point start = steady_clock::now();

  void note(const Error* error) const {
    const HostOptions& options = host->options();
    if (options.observation != nullptr) {
      options.observation->runs.record({.function = function.name,
                                        .kind = runtime::FunctionKind::Action,
                                        .tenant = options.tenant,
                                        .request = session.request,
                                        .unix_ms = options.clock->unix_ms(),
                                        .duration = steady_clock::now() - start,
                                        .error = error == nullptr ? "" : error->message()});
    }
    if (error == nullptr) return;
    options.logger->log(LogLevel::Warn, "functions", "failed",
                        {{"function", function.name},
                         {"error", error->message()},
                         {"stack", error->stack()},
                         {"tenant", options.tenant},
                         {"request", session.request}});
  }
};

void append_encoded(std::string_view path, std::string& out) {
  constexpr std::string_view kPlain = "-._~!$&'()*+,;=:@/";
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  for (const char c : path) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || kPlain.find(c) != std::string_view::npos;
    if (is_plain) {
      out += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out += '%';
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
}

}  // namespace

actions::NodeProgram program_of(const runtime::BundlePtr& bundle) {
  const runtime::BundleSource& source = bundle->source;
  return {.hash = bundle->hash,
          .code = std::shared_ptr<const std::string>(bundle, &source.node_code),
          .source_map = std::shared_ptr<const std::string>(bundle, &source.node_source_map)};
}

std::string url_of(const std::string& base_url, const HttpRequest& request) {
  const std::size_t scheme = base_url.find("://");
  const std::size_t authority = scheme == std::string::npos ? 0 : scheme + 3;
  std::string url = base_url.substr(0, base_url.find('/', authority));
  // A request without a Host still has an address.
  if (url.size() <= authority) url += "localhost";
  append_encoded(request.path, url);
  if (!request.query.empty()) url.append("?").append(request.query);
  return url;
}

HttpResponse action_error_response(const Error& error) {
  std::string body = R"({"error":)";
  write_json_string(error.message(), body);
  return json_response(error.code() == ErrorCode::LimitExceeded ? 503 : 500, body + "}");
}

ActionHost::ActionHost(FunctionHost& host,
                       actions::ActionPool& pool,
                       std::function<std::shared_ptr<void>()> keep)
    : host_(host), pool_(pool), keep_(std::move(keep)) {}

void ActionHost::run(PreparedCall call,
                     engine::Session session,
                     std::stop_token cancelled,
                     CallDone done) {
  const runtime::Function& function = *call.function;
  std::shared_ptr<void> tenant = keep_();
  if (tenant == nullptr) return done(closing());
  if (call.bundle->source.node_code.empty()) return done(no_node_half(function.name));
  // The worker's handler sees what a V8 handler sees: no argument at all is an empty object.
  actions::ActionCall action{
      .origin = {.program = program_of(call.bundle),
                 .services = make_action_services({.host = &host_,
                                                   .files = files_,
                                                   .tenant = tenant,
                                                   .session = session,
                                                   .function = function.name}),
                 .identity = session.identity,
                 .now_unix_ms = host_.options().clock->unix_ms(),
                 .name = function.name,
                 .stop = std::move(cancelled)},
      .module = function.module,
      .export_name = function.export_name,
      .args = std::move(call.args)};
  pool_.run(std::move(action),
            [observed = Observed{.host = &host_, .function = function, .session = session},
             tenant = std::move(tenant), done = std::move(done)](Result<Value> value) mutable {
              auto result = value ? finish(observed.function, *std::move(value))
                                  : Result<FunctionResult>(std::move(value).error());
              observed.note(result ? nullptr : &result.error());
              done(std::move(result));
            });
}

void ActionHost::serve(runtime::BundlePtr bundle,
                       const runtime::HttpRoute& route,
                       HttpRequest request,
                       engine::Session session,
                       Respond respond) {
  std::shared_ptr<void> tenant = keep_();
  if (tenant == nullptr) return respond(action_error_response(closing()));
  runtime::Function shown;  // how logs and counters name the route
  shown.name = fmt::format("{} {}", route.method, route.path);
  actions::RouteCall call{.origin = {.program = program_of(bundle),
                                     .services = make_action_services({.host = &host_,
                                                                       .files = files_,
                                                                       .tenant = tenant,
                                                                       .session = session,
                                                                       .function = shown.name}),
                                     .identity = session.identity,
                                     .now_unix_ms = host_.options().clock->unix_ms(),
                                     .name = shown.name,
                                     .stop = request.gone},
                          .module = bundle->router,
                          .list = route.match == runtime::HttpRoute::Match::Prefix
                                      ? actions::RouteCall::List::Prefix
                                      : actions::RouteCall::List::Exact,
                          .index = route.index,
                          .url = url_of(session.base_url, request),
                          .request = std::move(request)};
  pool_.run(std::move(call),
            [observed = Observed{.host = &host_, .function = std::move(shown), .session = session},
             tenant = std::move(tenant),
             respond = std::move(respond)](Result<HttpResponse> response) mutable {
              observed.note(response ? nullptr : &response.error());
              respond(response ? *std::move(response) : action_error_response(response.error()));
            });
}

}  // namespace moonstone::protocol::functions
