// Moonstone. Licence: see LICENSE.
#pragma once
// Gate: the project's worker entry before every request. It may refuse, answer itself, change
// request and answer, and choose the tenant; what it passes on is served as if it had come so.
//
// Invariant: while the bundle in force has a gate, no request reaches a function, a route or a file
// without it; if it fails, the request fails.
// Not before the gate, since they are the server's own and have keys of their own: /health,
// /metrics, /__admin, /__dev, /_dashboard.
// Threads: synchronised. Source: functions.md 21.27.

#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "protocol/functions/tenants.h"
#include "protocol/transport.h"
#include "runtime/actions/action_pool.h"

namespace moonstone::protocol::functions {

class Gate {
 public:
  /// Serves what the gate passes on.
  using Forward = std::function<void(std::string tenant, HttpRequest request, Respond respond)>;

  /// `pool` and `tenants` outlive the gate.
  Gate(actions::ActionPool& pool, Tenants& tenants, Forward forward)
      : pool_(pool), tenants_(tenants), forward_(std::move(forward)) {}

  /// Whether the request must go through the gate; asks the bundle in force.
  [[nodiscard]] bool stands_before(const HttpRequest& request) const;

  /// How the request was addressed: where callers reach the server, and the tenant that the host
  /// names.
  struct Origin {
    std::string base_url;
    std::string tenant_of_host;
  };
  void pass(HttpRequest request, Origin from, Respond respond);

  /// An upgrade that may go on to a tenant, its headers as the gate left them; or the answer.
  struct Admitted {
    std::string tenant;
    HttpRequest request;
  };
  using Decided = std::move_only_function<void(std::variant<Admitted, HttpResponse>)>;
  void admit(HttpRequest request, Origin from, Decided decided);

 private:
  actions::GateCall call_of(HttpRequest request, Origin from, actions::GateCall::Kind kind);
  [[nodiscard]] HttpResponse failure(const Error& error) const;

  actions::ActionPool& pool_;
  Tenants& tenants_;
  Forward forward_;
};

}  // namespace moonstone::protocol::functions
