// Moonstone. Licence: see LICENSE.
#include "protocol/functions/function_application.h"

#include <algorithm>
#include <utility>

#include "protocol/functions/deploy_routes.h"
#include "protocol/functions/file_routes.h"
#include "protocol/functions/query_routes.h"
#include "protocol/functions/transfer_routes.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kTenantPrefix = "/t/";

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

}  // namespace

/// A session that takes itself off its tenant's list when it closes, and keeps the tenant open.
class FunctionApplication::TrackedSession final : public SocketSession {
 public:
  TrackedSession(TenantPtr tenant,
                 SocketSinkPtr sink,
                 const SessionLimits& limits,
                 engine::Session session)
      : tenant_(std::move(tenant)),
        session_(tenant_->host(), std::move(sink), limits, std::move(session)) {
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
    : tenants_(tenants), options_(std::move(options)) {}

FunctionApplication::~FunctionApplication() = default;

FunctionApplication::Address FunctionApplication::take_address(HttpRequest& request) const {
  Address address{.slug = std::string(kDefaultTenant), .base_url = options_.public_url};
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
  const std::string_view name = host.substr(0, host.find(':'));
  const std::size_t dot = name.find('.');
  if (!options_.tenant_domain.empty() && dot != std::string_view::npos && dot > 0 &&
      name.substr(dot + 1) == options_.tenant_domain) {
    address.slug = name.substr(0, dot);
  }
  return address;
}

Tenants::IfMissing FunctionApplication::if_missing(const HttpRequest& request) const {
  using enum Tenants::IfMissing;
  // Whoever asks for a page that is not there must not leave a database behind.
  const bool is_call = request.path == "/ws" || request.path == "/query" ||
                       request.path.starts_with("/__admin/") || request.path == "/__dev/reset";
  if (!is_call) return Refuse;
  if (tenants_.options().creation == TenantCreation::Anyone) return Create;
  const bool may_administrate =
      request.path.starts_with("/__admin/") &&
      !refuse_administration(options_.administration, request).has_value();
  return may_administrate ? Create : Refuse;
}

void FunctionApplication::accept(HttpRequest request, SocketSinkPtr sink, Decide decide) {
  Address address = take_address(request);
  if (request.path != "/ws") return decide(text_response(404, "Not found"));
  const std::string_view origin = request.header("Origin");
  const auto& allowed = options_.origins;
  if (!allowed.empty() && !origin.empty() && std::ranges::find(allowed, origin) == allowed.end()) {
    return decide(text_response(403, "Origin not allowed"));
  }
  engine::Session session;
  session.base_url = std::move(address.base_url);
  tenants_.find(address.slug, if_missing(request),
                [this, sink = std::move(sink), session = std::move(session),
                 decide = std::move(decide)](Result<TenantPtr> tenant) mutable {
                  if (!tenant) return decide(tenant_refusal(tenant.error()));
                  decide(std::make_unique<TrackedSession>(*std::move(tenant), std::move(sink),
                                                          options_.session, std::move(session)));
                });
}

BodyMode FunctionApplication::body_mode(const HttpRequest& head) {
  const bool is_stream = carries_bundle(head) || carries_file(head) || carries_imported_file(head);
  return is_stream ? BodyMode::Stream : BodyMode::Whole;
}

void FunctionApplication::handle(HttpRequest request, Respond respond) {
  Address address = take_address(request);
  if (request.path == "/health") return respond(text_response(200, "OK"));
  Exchange exchange{.tenant = nullptr,
                    .request = std::move(request),
                    .respond = std::move(respond),
                    .session = {}};
  exchange.session.base_url = std::move(address.base_url);
  const Tenants::IfMissing missing = if_missing(exchange.request);
  tenants_.find(address.slug, missing,
                [this, exchange = std::move(exchange)](Result<TenantPtr> tenant) mutable {
                  if (!tenant) return exchange.respond(tenant_refusal(tenant.error()));
                  exchange.tenant = *std::move(tenant);
                  route(std::move(exchange));
                });
}

void FunctionApplication::route(Exchange exchange) {
  if (route_query(exchange)) return;
  if (route_files(exchange)) return;
  if (route_administration(exchange, options_.administration, maintenance_)) return;
  const DeployEnvironment deployment{
      .tenants = &tenants_, .bundles = options_.bundles, .maintenance = &maintenance_};
  if (route_deploy(exchange, options_.administration, deployment)) return;
  if (route_transfer(exchange, options_.administration, maintenance_)) return;
  exchange.respond(text_response(404, "Not found"));
}

}  // namespace moonstone::protocol::functions
