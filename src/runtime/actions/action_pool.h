// Moonstone. Licence: see LICENSE.
#pragma once
// ActionPool: runs actions, HTTP routes and the gate in Node worker processes.
//
// Workers start when they are needed and end when they have been idle. Each runs many calls at
// once. What goes wrong in one, up to a crash or an endless loop, fails the calls in it and nothing
// else.
// Invariants:
//  (1) `done` of a call is called exactly once, whatever happens to its worker.
//  (2) A call runs the code of its own program. Workers of a former program end with their calls.
//  (3) No worker outlives the pool, however it ends: see internal/child_process.h.
// Threads: synchronised; `done` is called on the pool's thread and must not block.
// Source: design.md decision 5; functions.md 4.2, 11, 21.27.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/value.h"
#include "protocol/transport.h"
#include "runtime/actions/action_services.h"

namespace moonstone::actions {

struct PoolOptions {
  std::string node = "node";  // a path, or a name on the PATH
  std::string folder;         // of our own, for what the workers load; made and emptied
  std::string working_folder = "/";
  std::vector<std::string> environment;  // of the workers, "NAME=value"
  std::size_t workers_max = 2;           // per program; JavaScript runs on one core each
  std::size_t heap_mib = 512;
  /// Refuses further calls beyond it, so that a flood costs bounded memory.
  std::size_t calls_max = 1000;
  std::size_t calls_per_worker = 10'000;  // then another takes its place, against leaks
  std::chrono::milliseconds call_max{std::chrono::minutes(5)};      // until the answer begins
  std::chrono::milliseconds idle_max{std::chrono::minutes(1)};      // then a worker ends
  std::chrono::milliseconds silence_max{std::chrono::seconds(30)};  // of a blocked event loop
  std::size_t result_bytes_max = std::size_t{4} * 1024 * 1024;
  Logger* logger = nullptr;  // null: none
};

/// The Node half of a bundle.
struct NodeProgram {
  std::string hash;
  std::shared_ptr<const std::string> code;        // an ES module
  std::shared_ptr<const std::string> source_map;  // JSON text; empty: none
};

/// What every call brings.
struct CallOrigin {
  NodeProgram program;
  std::shared_ptr<ActionServices> services;
  Value identity;  // undefined: anonymous
  std::int64_t now_unix_ms = 0;
  std::string name;      // for errors: "mail:send", "GET /api/tasks"
  std::stop_token stop;  // the caller has gone
};

struct ActionCall {
  CallOrigin origin;
  std::string module;
  std::string export_name;
  Value args;
};

struct RouteCall {
  CallOrigin origin;
  std::string module;  // whose default export is the router
  enum class List : unsigned char { Exact, Prefix } list = List::Exact;
  std::size_t index = 0;  // in that list
  std::string url;        // absolute
  protocol::HttpRequest request;
};

/// A request that the gate looks at first.
struct GateCall {
  CallOrigin origin;
  std::string url;
  protocol::HttpRequest request;
  enum class Kind : unsigned char { Http, Upgrade } kind = Kind::Http;
  /// Where the host of the request leads; the path may say something else.
  std::string tenant_of_host = {};
};
/// The gate lets an upgrade through.
struct GatePass {
  std::string tenant;
  // In place of the request's own:
  std::string path;
  std::string query;
  std::vector<protocol::Header> headers;
};
using GateOutcome = std::variant<protocol::HttpResponse, GatePass>;

class ActionPool {
 public:
  explicit ActionPool(PoolOptions options);
  ~ActionPool();
  ActionPool(const ActionPool&) = delete;
  ActionPool& operator=(const ActionPool&) = delete;

  /// Undefined if the handler returned undefined. Errors: Internal reason "user_code" with the
  /// user's message and stack, or "worker_crash", "worker_silent"; Cancelled; DeadlineExceeded;
  /// LimitExceeded; Unavailable if the handler has not begun (no Node: reason "node_missing").
  using ActionDone = std::move_only_function<void(Result<Value>)>;
  void run(ActionCall call, ActionDone done);

  /// The answer's body may still be a stream from the worker. Errors: as run().
  using RouteDone = std::move_only_function<void(Result<protocol::HttpResponse>)>;
  void run(RouteCall call, RouteDone done);

  using GateDone = std::move_only_function<void(Result<GateOutcome>)>;
  void run(GateCall call, GateDone done);

  /// Fails all calls, ends all workers. Idempotent.
  void stop();

  struct Totals {
    std::size_t workers = 0;
    std::size_t calls = 0;  // under way
  };
  [[nodiscard]] Totals totals() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moonstone::actions
