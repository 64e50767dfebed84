// Moonstone. Licence: see LICENSE.
#pragma once
// Isolate: one V8 isolate that runs queries and mutations of a bundle, without any I/O.
//
// Each call sees frozen time, seeded randomness and a `ctx` bound to its DocumentReader or
// Transaction. A call that loops, floods the microtask queue, back-tracks in a regular expression,
// fills the heap or the buffers, or waits for a promise that nothing can settle is stopped with a
// clear error, and the isolate serves the next call as if nothing had happened.
// Invariants:
//  (1) Nothing of a finished or killed call can run inside a later one: its context is dropped if
//      it was killed, and natives refuse calls whose run is over.
//  (2) No call meets module state that a call of somebody else left, as far as `isolation` says.
//  (3) Intrinsics are frozen; WebAssembly, SharedArrayBuffer, Atomics, WeakRef,
//      FinalizationRegistry, eval and Function() are absent.
// Threads: confined to the thread that created it (V8 is entered there only).
// Source: design.md decisions 3, 5, 6; functions.md 4.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/value.h"
#include "engine/session.h"
#include "engine/transaction.h"
#include "files/file_links.h"
#include "orm/orm.h"
#include "runtime/bundle.h"
#include "runtime/jobs/job.h"

namespace moonstone::runtime {

/// Which calls may meet what an earlier call left in the variables and objects of modules.
enum class Isolation : unsigned char {
  Shared,  // all calls of a bundle on a thread
  User,    // those of one identity; anonymous callers count as one
  Call,    // none
};

struct RuntimeLimits {
  std::size_t heap_bytes_max = std::size_t{64} * 1024 * 1024;
  std::size_t buffer_bytes_max = std::size_t{64} * 1024 * 1024;
  std::size_t result_bytes_max = std::size_t{4} * 1024 * 1024;
  std::size_t stack_bytes_max = std::size_t{512} * 1024;
  std::size_t contexts_max = 4;     // bundles kept evaluated at once
  std::size_t log_lines_max = 256;  // console lines kept per call
  Isolation isolation = Isolation::User;
  jobs::JobLimits jobs = {};  // of ctx.scheduler
};

/// One line that user code wrote to the console.
struct ConsoleLine {
  LogLevel level = LogLevel::Info;
  std::string text;
};

/// One call of a query or mutation.
struct Call {
  const Function* function = nullptr;
  Value args;                                  // checked and converted
  engine::DocumentReader* reader = nullptr;    // queries and mutations
  engine::Transaction* transaction = nullptr;  // mutations only
  const engine::Session* session = nullptr;
  const files::FileLinks* links = nullptr;  // null: ctx.storage refuses
  orm::Orm* orm = nullptr;                  // null: the schema has no models
  std::int64_t now_unix_ms = 0;
  std::uint64_t random_seed = 0;
  std::chrono::steady_clock::time_point deadline;
  // Set by the run, also by one that fails: what it read of `session`.
  bool read_identity = false;
  bool read_base_url = false;
  // Set by a run that fails: what it had written to the console.
  std::vector<ConsoleLine> console = {};
};

struct CallOutcome {
  /// JSON text of the result; nothing if it was undefined.
  std::optional<std::string> json;
  std::vector<ConsoleLine> console;
  bool read_identity = false;  // ctx.auth was asked
  bool read_base_url = false;  // an address on this server was made
  /// The time or a random number was asked: the same data may give another result at the next run.
  bool read_time_or_random = false;
};

class Isolate {
 public:
  /// Errors: Internal if V8 cannot start.
  [[nodiscard]] static Result<std::unique_ptr<Isolate>> create(const RuntimeLimits& limits);
  virtual ~Isolate() = default;

  /// Evaluates the bundle unless that is done already, so that the next run's time is its own.
  /// Errors: those of load_bundle. Cost: some 10 ms the first time.
  [[nodiscard]] virtual Status prepare(const BundlePtr& bundle) = 0;

  /// Runs the handler and checks its result against `returns`.
  /// Errors: Internal reason "user_code" (the thrown message, `stack()` mapped to TypeScript);
  /// InvalidArgument reason "validation" (`Return value validation failed for ...`);
  /// DeadlineExceeded reason "time_limit"; LimitExceeded reason "heap_limit", "result_bytes";
  /// FailedPrecondition reason "never_settles". Errors of the engine inside the handler become
  /// exceptions there; if they are not caught their message and code come back.
  [[nodiscard]] virtual Result<CallOutcome> run(const BundlePtr& bundle, Call& call) = 0;

  /// Runs `body` in place of a handler, under the limits of the call: what it does with models
  /// leads to the functions that the bundle adds to them (model_host.h). `call.function` names it;
  /// the outcome has no JSON. Errors: those of `body`; DeadlineExceeded, LimitExceeded as above.
  [[nodiscard]] virtual Result<CallOutcome> run_inside(const BundlePtr& bundle,
                                                       Call& call,
                                                       const std::function<Status()>& body) = 0;
};

/// The isolate of the calling thread, created on first use and destroyed with the thread, or when
/// that releases its caches (base/thread_cache.h).
[[nodiscard]] Result<Isolate*> isolate_of_this_thread(const RuntimeLimits& limits);

}  // namespace moonstone::runtime
