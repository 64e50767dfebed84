// Moonstone. Licence: see LICENSE.
#include "protocol/functions/gate.h"

#include <utility>

#include "protocol/functions/action_host.h"
#include "protocol/functions/exchange.h"
#include "protocol/functions/http_action_routes.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kName = "the worker entry";
constexpr std::string_view kTenantPrefix = "/t/";

/// Takes `/t/{tenant}` off: after the gate the tenant is what the gate said.
void strip_tenant(std::string& path) {
  if (!path.starts_with(kTenantPrefix)) return;
  const std::size_t end = path.find('/', kTenantPrefix.size());
  if (end != std::string::npos && end > kTenantPrefix.size()) path.erase(0, end);
}

/// What the gate does not stand before: own paths, but for those that reach functions.
bool is_beside_gate(std::string_view path) {
  return is_own_path(path) && path != "/query" && path != "/ws";
}

/// What an entry may ask for: to pass a request on.
class GateServices final : public actions::ActionServices {
 public:
  GateServices(Gate::Forward forward, Logger& logger, std::string request)
      : forward_(std::move(forward)), logger_(logger), request_(std::move(request)) {}

  void forward(Forward request, Responded done) override {
    strip_tenant(request.request.path);
    forward_(std::move(request.tenant), std::move(request.request), std::move(done));
  }
  void log(LogLevel level, std::string_view text) override {
    logger_.log(level, "functions", "console",
                {{"function", kName}, {"text", text}, {"request", request_}});
  }

  void run(Run /*request*/, Done done) override { refuse(std::move(done)); }
  void schedule(Schedule /*request*/, Done done) override { refuse(std::move(done)); }
  void cancel_job(std::string /*id*/, Done done) override { refuse(std::move(done)); }
  void file_url(std::string /*id*/, Value /*options*/, Done done) override {
    refuse(std::move(done));
  }
  void file_metadata(std::string /*id*/, Done done) override { refuse(std::move(done)); }
  void delete_file(std::string /*id*/, Done done) override { refuse(std::move(done)); }
  void upload_url(Done done) override { refuse(std::move(done)); }
  void store_file(Store /*request*/, Done done) override { refuse(std::move(done)); }

 private:
  static void refuse(Done done) {
    done(Error(ErrorCode::FailedPrecondition,
               "the worker entry has no ctx; pass the request on to a function"));
  }

  Gate::Forward forward_;
  Logger& logger_;
  std::string request_;
};

}  // namespace

bool Gate::stands_before(const HttpRequest& request) const {
  const runtime::BundlePtr bundle = tenants_.root()->host().bundle();
  if (bundle == nullptr || !bundle->has_gate) return false;
  std::string path = request.path;
  strip_tenant(path);
  return !is_beside_gate(path);
}

actions::GateCall Gate::call_of(HttpRequest request, Origin from, actions::GateCall::Kind kind) {
  const HostOptions& options = tenants_.root()->host().options();
  return {
      .origin = {.program = program_of(tenants_.root()->host().bundle()),
                 .services = std::make_shared<GateServices>(forward_, *options.logger, request.id),
                 .identity = {},
                 .now_unix_ms = options.clock->unix_ms(),
                 .name = std::string(kName),
                 .stop = request.gone},
      .url = url_of(from.base_url, request),
      .request = std::move(request),
      .kind = kind,
      .tenant_of_host = std::move(from.tenant_of_host)};
}

HttpResponse Gate::failure(const Error& error) const {
  tenants_.root()->host().options().logger->log(
      LogLevel::Error, "functions", "failed",
      {{"function", kName}, {"error", error.message()}, {"stack", error.stack()}});
  return action_error_response(error);
}

void Gate::pass(HttpRequest request, Origin from, Respond respond) {
  pool_.run(
      call_of(std::move(request), std::move(from), actions::GateCall::Kind::Http),
      [this, respond = std::move(respond)](Result<actions::GateOutcome> outcome) mutable {
        if (!outcome) return respond(failure(outcome.error()));
        if (auto* const response = std::get_if<HttpResponse>(&*outcome)) {
          return respond(std::move(*response));
        }
        respond(failure(Error(ErrorCode::Internal, "it accepted a WebSocket where none was")));
      });
}

void Gate::admit(HttpRequest request, Origin from, Decided decided) {
  HttpRequest admitted = request;
  pool_.run(call_of(std::move(request), std::move(from), actions::GateCall::Kind::Upgrade),
            [this, admitted = std::move(admitted),
             decided = std::move(decided)](Result<actions::GateOutcome> outcome) mutable {
              if (!outcome) return decided(failure(outcome.error()));
              if (auto* const response = std::get_if<HttpResponse>(&*outcome)) {
                return decided(std::move(*response));
              }
              auto& passed = std::get<actions::GatePass>(*outcome);
              admitted.headers = std::move(passed.headers);
              admitted.path = passed.path;
              admitted.query = passed.query;
              strip_tenant(admitted.path);
              decided(Admitted{.tenant = std::move(passed.tenant), .request = std::move(admitted)});
            });
}

}  // namespace moonstone::protocol::functions
