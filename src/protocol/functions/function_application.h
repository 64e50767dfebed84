// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionApplication: the routes of the functions platform, HTTP and WebSocket. It splits the
// tenant off the address, finds the tenant, and asks the routes in their order.
//
//   GET  /ws            the functions protocol         POST /query        one query, once
//   *    /health        200 OK                          POST /__admin/run  any function
//   POST /__dev/reset   development only                GET  /_dashboard   development only
//   PUT, POST /storage/upload                           GET  /storage/_storage/{uuid}
// Each also behind /t/{tenant}.
// Threads: synchronised. Source: functions.md section 10 and 21.20, 21.21.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/executor.h"
#include "protocol/functions/admin_routes.h"
#include "protocol/functions/authentication.h"
#include "protocol/functions/bundle_store.h"
#include "protocol/functions/cors.h"
#include "protocol/functions/exchange.h"
#include "protocol/functions/function_session.h"
#include "protocol/functions/gate.h"
#include "protocol/functions/tenants.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

struct ApplicationOptions {
  SessionLimits session = {};
  Administration administration = {};
  /// Origins that may open /ws; empty: every one.
  std::vector<std::string> origins = {};
  /// Origins whose pages may read the answers to HTTP requests, or "*"; see Cors.
  std::vector<std::string> cors_origins = {};
  /// Checks the tokens of callers; it must outlive the application's requests and sockets. Null:
  /// no provider is configured.
  identity::TokenVerifier* tokens = nullptr;
  /// How callers reach the server, without a slash at the end; empty: as each request says.
  std::string public_url = {};
  /// `acme.example.com` is the tenant `acme` if this is `example.com`, in small letters; empty:
  /// no such hosts.
  std::string tenant_domain = {};
  /// Runs the worker entry, if the project has one; it must outlive the application.
  actions::ActionPool* actions = nullptr;
  /// Of a request whose body is read whole after the gate passed it on.
  std::size_t body_bytes_max = std::size_t{8} * 1024 * 1024;
  /// Whether everybody may read /metrics, not administrators only.
  bool metrics_are_public = false;
  /// Where deployed bundles are kept; it must outlive the application. Null: nothing is deployed.
  BundleStore* bundles = nullptr;
};

class FunctionApplication final : public Application {
 public:
  /// `tenants` must outlive the application, and the application every socket it accepted.
  FunctionApplication(Tenants& tenants, ApplicationOptions options);
  ~FunctionApplication() override;

  [[nodiscard]] BodyMode body_mode(const HttpRequest& head) override;
  void handle(HttpRequest request, Respond respond) override;
  void accept(HttpRequest request, SocketSinkPtr sink, Decide decide) override;

 private:
  class TrackedSession;

  /// Which tenant a request is for, and its address; takes the prefix off the path.
  struct Address {
    std::string slug;
    std::string base_url;
  };
  Address take_address(HttpRequest& request) const;
  /// The tenant that the host names, else the default one.
  [[nodiscard]] std::string tenant_of_host(std::string_view host) const;
  /// The last part of accept(), with the tenant known.
  void open_socket(HttpRequest request, Address address, SocketSinkPtr sink, Decide decide);
  /// The last part of handle(); `tenant` is the gate's choice, if it was asked.
  void serve(HttpRequest request, std::optional<std::string> tenant, Respond respond);
  void dispatch(HttpRequest request, Address address, Respond respond);
  /// How the routes want the body; `request` has its path without the tenant's prefix.
  [[nodiscard]] BodyMode mode_of(const HttpRequest& request) const;
  /// Whether a request may make a tenant that does not exist.
  Tenants::IfMissing if_missing(const HttpRequest& request) const;
  void route(Exchange exchange);
  [[nodiscard]] Decide with_cors(const HttpRequest& request, Decide decide) const;
  [[nodiscard]] BearerRule bearer_rule(const HttpRequest& request) const;
  [[nodiscard]] bool is_about_files(const HttpRequest& request) const;
  /// What the request may call, by where it comes from and the key it has.
  [[nodiscard]] Caller caller_of(const HttpRequest& request) const;
  /// Counts the answer and logs one that tells of a fault of ours.
  [[nodiscard]] Respond counted(const HttpRequest& request, Respond respond) const;

  Tenants& tenants_;
  ApplicationOptions options_;
  Cors cors_;
  Authentication authentication_;
  std::optional<Gate> gate_;
  ThreadExecutor maintenance_{"maintenance"};  // for what waits for a writer; stops first
};

}  // namespace moonstone::protocol::functions
