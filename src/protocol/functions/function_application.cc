// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_application.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "protocol/functions/deploy_routes.h"
#include "protocol/functions/file_routes.h"
#include "protocol/functions/http_action_routes.h"
#include "protocol/functions/observation_routes.h"
#include "protocol/functions/orm_routes.h"
#include "protocol/functions/query_routes.h"
#include "protocol/functions/transfer_routes.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kTenantPrefix = "/t/";

/// The part of a request that says who sent it.
HttpRequest head_of(const HttpRequest& request) {
  return {.method = {},
          .path = {},
          .query = {},
          .headers = {{"Authorization", std::string(request.header("Authorization"))}},
          .body = {},
          .remote_address = {},
          .id = {}};
}

/// The name in a Host header, in the one spelling of all that mean it.
std::string host_name_of(std::string_view host) {
  std::string name(host.substr(0, host.find(':')));
  if (name.ends_with('.')) name.pop_back();
  std::ranges::transform(name, name.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return name;
}

/// Why a tenant cannot be served, as an answer.
HttpResponse tenant_refusal(const Error& error) {
  switch (error.code()) {
    case ErrorCode::NotFound:
      return text_response(404, "Not found");
    case ErrorCode::InvalidArgument:
      return error_response(400, "bad_request", error.message());
    default:
      return error_response(503, "unavailable", error.message());
  }
}

/// Says no while a database refuses writes because its disk failed, so that whoever watches the
/// server stops sending work to it. Why stands in the log, not here: everybody may ask.
HttpResponse health_response(const Tenants& tenants) {
  bool is_well = true;
  tenants.for_each_open([&is_well](Tenant& tenant) {
    if (tenant.database().failure()) is_well = false;
  });
  return is_well ? text_response(200, "OK") : text_response(503, "storage_failed");
}

}  // namespace

/// A session that takes itself off its tenant's list when it closes, and keeps the tenant open.
class FunctionApplication::TrackedSession final : public SocketSession {
 public:
  TrackedSession(TenantPtr tenant,
                 SocketSinkPtr sink,
                 const SessionLimits& limits,
                 SocketCaller who)
      : tenant_(std::move(tenant)),
        session_(tenant_->host(), std::move(sink), limits, std::move(who)) {
    tenant_->track(session_);
  }
  ~TrackedSession() override { tenant_->untrack(session_); }

  void on_text(std::string_view text) override { session_.on_text(text); }
  void on_writable() override { session_.on_writable(); }
  void on_closed() override {
    tenant_->untrack(session_);
    session_.on_closed();
  }

 private:
  TenantPtr tenant_;
  FunctionSession session_;
};

FunctionApplication::FunctionApplication(Tenants& tenants, ApplicationOptions options)
    : tenants_(tenants),
      options_(std::move(options)),
      cors_(options_.cors_origins),
      authentication_(options_.tokens) {
  if (options_.actions == nullptr) return;
  gate_.emplace(*options_.actions, tenants_,
                [this](std::string tenant, HttpRequest request, Respond respond) {
                  serve(std::move(request), std::move(tenant), std::move(respond));
                });
}

FunctionApplication::~FunctionApplication() = default;

FunctionApplication::Address FunctionApplication::take_address(HttpRequest& request) const {
  Address address{.slug = {}, .base_url = options_.public_url};
  const std::string_view host = request.header("Host");
  if (address.base_url.empty()) {
    address.base_url.append(request.encrypted ? "https://" : "http://").append(host);
  }
  if (request.path.starts_with(kTenantPrefix)) {
    const std::size_t end = request.path.find('/', kTenantPrefix.size());
    // A bare /t/name has no route; it stays as it is and is not found.
    if (end != std::string::npos && end > kTenantPrefix.size()) {
      address.slug = request.path.substr(kTenantPrefix.size(), end - kTenantPrefix.size());
      address.base_url.append(request.path, 0, end);
      request.path.erase(0, end);
      return address;
    }
  }
  address.slug = tenant_of_host(host);
  // The public address is that of all tenants.
  if (address.slug != kDefaultTenant && !options_.public_url.empty())
    address.base_url.append("/t/").append(address.slug);
  return address;
}

std::string FunctionApplication::tenant_of_host(std::string_view host) const {
  const std::string name = host_name_of(host);
  const std::size_t dot = name.find('.');
  const bool is_tenant = !options_.tenant_domain.empty() && dot != std::string::npos && dot > 0 &&
                         std::string_view(name).substr(dot + 1) == options_.tenant_domain;
  return is_tenant ? name.substr(0, dot) : std::string(kDefaultTenant);
}

Tenants::IfMissing FunctionApplication::if_missing(const HttpRequest& request) const {
  using enum Tenants::IfMissing;
  // Whoever asks for a page that is not there must not leave a database behind.
  const bool is_call = request.path == "/ws" || request.path == "/query" ||
                       request.path == "/orm/query" || request.path == "/orm/mutate" ||
                       request.path.starts_with("/__admin/") || request.path == "/__dev/reset" ||
                       is_http_action(tenants_.root()->host().bundle().get(), request);
  if (!is_call) return Refuse;
  if (tenants_.options().creation == TenantCreation::Anyone) return Create;
  const bool may_administrate =
      request.path.starts_with("/__admin/") &&
      !refuse_administration(options_.administration, request).has_value();
  return may_administrate ? Create : Refuse;
}

FunctionApplication::Decide FunctionApplication::with_cors(const HttpRequest& request,
                                                           Decide decide) const {
  if (!cors_.is_configured()) return decide;
  return [this, origin = std::string(request.header("Origin")),
          decide = std::move(decide)](Acceptance acceptance) mutable {
    if (auto* const refusal = std::get_if<HttpResponse>(&acceptance)) {
      cors_.add_headers(origin, *refusal);
    }
    decide(std::move(acceptance));
  };
}

void FunctionApplication::accept(HttpRequest request, SocketSinkPtr sink, Decide decide) {
  decide = with_cors(request, std::move(decide));
  HttpRequest bare = request;  // the gate sees the path as it came
  Address address = take_address(bare);
  if (bare.path != "/ws") return decide(text_response(404, "Not found"));
  const std::string_view origin = request.header("Origin");
  const auto& allowed = options_.origins;
  if (!allowed.empty() && !origin.empty() && std::ranges::find(allowed, origin) == allowed.end()) {
    return decide(text_response(403, "Origin not allowed"));
  }
  if (!gate_ || !gate_->stands_before(request)) {
    return open_socket(std::move(bare), std::move(address), std::move(sink), std::move(decide));
  }
  Gate::Origin from{.base_url = address.base_url,
                    .tenant_of_host = tenant_of_host(request.header("Host"))};
  gate_->admit(
      std::move(request), std::move(from),
      [this, address = std::move(address), sink = std::move(sink),
       decide = std::move(decide)](std::variant<Gate::Admitted, HttpResponse> decision) mutable {
        if (auto* const answer = std::get_if<HttpResponse>(&decision)) {
          return decide(std::move(*answer));
        }
        auto& admitted = std::get<Gate::Admitted>(decision);
        if (admitted.request.path != "/ws") return decide(text_response(404, "Not found"));
        address.slug = std::move(admitted.tenant);
        open_socket(std::move(admitted.request), std::move(address), std::move(sink),
                    std::move(decide));
      });
}

void FunctionApplication::open_socket(HttpRequest request,
                                      Address address,
                                      SocketSinkPtr sink,
                                      Decide decide) {
  SocketCaller who{.rights = caller_of(request)};
  who.session.base_url = std::move(address.base_url);
  who.session.request = request.id;
  const Tenants::IfMissing missing = if_missing(request);
  const auto open = [this, slug = std::move(address.slug), missing](
                        SocketCaller caller, SocketSinkPtr opened, Decide then) {
    tenants_.find(slug, missing,
                  [this, caller = std::move(caller), opened = std::move(opened),
                   then = std::move(then)](Result<TenantPtr> tenant) mutable {
                    if (!tenant) return then(tenant_refusal(tenant.error()));
                    caller.authentication.authentication = &authentication_;
                    caller.authentication.keep_alive = *tenant;
                    then(std::make_unique<TrackedSession>(*std::move(tenant), std::move(opened),
                                                          options_.session, std::move(caller)));
                  });
  };
  authentication_.identify(
      request, bearer_rule(request),
      [open, who = std::move(who), sink = std::move(sink),
       decide = std::move(decide)](Result<std::optional<identity::VerifiedToken>> token) mutable {
        if (!token) return decide(token_refusal(token.error()));
        who.authentication.verified = *std::move(token);
        open(std::move(who), std::move(sink), std::move(decide));
      });
}

/// What a bearer secret may be, by the route that it is sent to.
BearerRule FunctionApplication::bearer_rule(const HttpRequest& request) const {
  const Administration& rules = options_.administration;
  const std::string_view path = request.path;
  if (presents_key(rules, request)) return BearerRule::Ignored;
  if (path == "/query" || path == "/ws") {
    // What a worker entry has let through may carry a token of its own scheme.
    return gate_ && gate_->stands_before(request) ? BearerRule::OwnScheme : BearerRule::Token;
  }
  if (path.starts_with("/__")) {
    const bool needs_key = rules.mode == Mode::Production;
    return needs_key ? BearerRule::Ignored : BearerRule::Key;
  }
  return BearerRule::OwnScheme;
}

BodyMode FunctionApplication::mode_of(const HttpRequest& request) const {
  const runtime::BundlePtr bundle = tenants_.root()->host().bundle();
  const bool is_stream = carries_bundle(request) || carries_file(request) ||
                         carries_import(request) || is_http_action(bundle.get(), request);
  return is_stream ? BodyMode::Stream : BodyMode::Whole;
}

BodyMode FunctionApplication::body_mode(const HttpRequest& head) {
  if (gate_ && gate_->stands_before(head)) return BodyMode::Stream;
  HttpRequest bare = head;
  static_cast<void>(take_address(bare));
  return mode_of(bare);
}

/// Files say themselves which pages may have them (functions.md 21.20).
bool FunctionApplication::is_about_files(const HttpRequest& request) const {
  HttpRequest bare = request;
  static_cast<void>(take_address(bare));
  return bare.path.starts_with("/storage/");
}

Caller FunctionApplication::caller_of(const HttpRequest& request) const {
  const bool may_inspect = !refuse_administration(options_.administration, request).has_value();
  return may_inspect ? Caller::Inspector : Caller::Client;
}

Respond FunctionApplication::counted(const HttpRequest& request, Respond respond) const {
  Observation* const observation = tenants_.options().each.host.observation;
  if (observation == nullptr) return respond;
  HttpRequest bare;
  bare.path = request.path;
  bare.headers = {{"Host", std::string(request.header("Host"))}};
  static_cast<void>(take_address(bare));
  const std::string route(route_label(bare.path));
  return [observation, route, id = request.id, path = bare.path, respond = std::move(respond),
          start = std::chrono::steady_clock::now()](HttpResponse response) mutable {
    observation->metrics
        .counter("moonstone_http_requests_total", "Answered requests by kind of route and status.",
                 {{"route", route}, {"status", std::to_string(response.status)}})
        .add();
    observation->metrics
        .histogram("moonstone_http_request_seconds", "Time to the beginning of the answer.",
                   {{"route", route}})
        .record(std::chrono::steady_clock::now() - start);
    if (response.status >= 500) {
      observation->logs.log(LogLevel::Warn, "http", "answered",
                            {{"path", path}, {"status", response.status}, {"request", id}});
    }
    respond(std::move(response));
  };
}

void FunctionApplication::handle(HttpRequest request, Respond respond) {
  respond = cors_.wrap(request, counted(request, std::move(respond)));
  if (request.method == "OPTIONS" && cors_.is_configured() && !is_about_files(request)) {
    return respond(cors_.answer_preflight(request));
  }
  if (gate_ && gate_->stands_before(request)) {
    HttpRequest bare = request;
    Gate::Origin from{.base_url = take_address(bare).base_url,
                      .tenant_of_host = tenant_of_host(request.header("Host"))};
    return gate_->pass(std::move(request), std::move(from), std::move(respond));
  }
  serve(std::move(request), std::nullopt, std::move(respond));
}

void FunctionApplication::serve(HttpRequest request,
                                std::optional<std::string> tenant,
                                Respond respond) {
  Address address = take_address(request);
  if (request.path == "/health") return respond(health_response(tenants_));
  if (tenant) address.slug = *std::move(tenant);
  if (request.stream != nullptr && mode_of(request) == BodyMode::Whole) {
    const BodyReaderPtr stream = std::exchange(request.stream, nullptr);
    return read_whole_body(
        stream, options_.body_bytes_max,
        [this, request = std::move(request), address = std::move(address),
         respond = std::move(respond)](Result<std::string> body) mutable {
          if (!body) return respond(error_response(413, "bad_request", body.error().message()));
          request.body = *std::move(body);
          dispatch(std::move(request), std::move(address), std::move(respond));
        });
  }
  dispatch(std::move(request), std::move(address), std::move(respond));
}

void FunctionApplication::dispatch(HttpRequest request, Address address, Respond respond) {
  Exchange exchange{.tenant = nullptr,
                    .request = std::move(request),
                    .respond = std::move(respond),
                    .session = {}};
  exchange.session.base_url = std::move(address.base_url);
  exchange.session.request = exchange.request.id;
  exchange.caller = caller_of(exchange.request);
  const Tenants::IfMissing missing = if_missing(exchange.request);
  const BearerRule rule = bearer_rule(exchange.request);
  const HttpRequest head = head_of(exchange.request);  // the rest moves on
  authentication_.identify(
      head, rule,
      [this, slug = std::move(address.slug), missing, exchange = std::move(exchange)](
          Result<std::optional<identity::VerifiedToken>> token) mutable {
        if (!token) return exchange.respond(token_refusal(token.error()));
        if (*token) exchange.session.identity = std::move((*token)->identity);
        tenants_.find(slug, missing,
                      [this, exchange = std::move(exchange)](Result<TenantPtr> found) mutable {
                        if (!found) return exchange.respond(tenant_refusal(found.error()));
                        exchange.tenant = *std::move(found);
                        route(std::move(exchange));
                      });
      });
}

void FunctionApplication::route(Exchange exchange) {
  if (route_query(exchange)) return;
  if (route_orm(exchange)) return;
  const ObservationEnvironment observation{.tenants = &tenants_,
                                           .observation = tenants_.options().each.host.observation,
                                           .is_public = options_.metrics_are_public};
  if (route_observation(exchange, options_.administration, observation)) return;
  if (route_files(exchange)) return;
  if (route_administration(exchange, options_.administration, maintenance_)) return;
  const DeployEnvironment deployment{
      .tenants = &tenants_, .bundles = options_.bundles, .maintenance = &maintenance_};
  if (route_deploy(exchange, options_.administration, deployment)) return;
  if (route_transfer(exchange, options_.administration, maintenance_)) return;
  if (route_http_action(exchange)) return;
  exchange.respond(text_response(404, "Not found"));
}

}  // namespace moonstone::protocol::functions
