// Moonstone. Licence: see LICENSE.
#pragma once
// Machine: one v8::Isolate with its limits and the programs evaluated in it.
//
// Invariant: between two calls no termination is pending. A call that was stopped loses its
// program; one that filled the heap leaves the machine spent, and its owner replaces it.
// Threads: confined to the thread that made it.

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include <v8.h>

#include "base/result.h"
#include "runtime/internal/heap_gauge.h"
#include "runtime/internal/program.h"
#include "runtime/internal/run.h"
#include "runtime/internal/watchdog.h"
#include "runtime/isolate.h"

namespace moonstone::runtime {

class Machine {
 public:
  explicit Machine(const RuntimeLimits& limits);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  [[nodiscard]] static Machine& of(v8::Isolate* isolate) {
    return *static_cast<Machine*>(isolate->GetData(0));
  }

  [[nodiscard]] Status prepare(const BundlePtr& bundle);
  [[nodiscard]] Result<CallOutcome> run(const BundlePtr& bundle, Call& call);
  /// Runs `body` as if it were the handler of `call`: functions of models that it leads to find the
  /// bundle's own.
  [[nodiscard]] Result<CallOutcome> run_inside(const BundlePtr& bundle,
                                               Call& call,
                                               const std::function<Status()>& body);
  /// What a bundle declares, as JSON text; evaluates it and forgets it.
  [[nodiscard]] Result<std::string> describe(const BundleSource& source);

  /// The heap was full: the machine works on, but its heap is no longer bounded.
  [[nodiscard]] bool is_spent() const { return has_filled_heap_; }

  /// What runs on this thread; null: nothing does.
  [[nodiscard]] static Run* run_of_this_thread();

  // For natives.
  [[nodiscard]] v8::Isolate* isolate() const { return isolate_; }
  [[nodiscard]] const RuntimeLimits& limits() const { return limits_; }
  /// The running call if `token` is its own, else null.
  [[nodiscard]] Run* run_of(std::uint32_t token) const {
    return current_ != nullptr && current_->token == token ? current_ : nullptr;
  }
  [[nodiscard]] Run* current_run() const { return current_; }
  /// Throws the error into JavaScript and remembers it for the case that nobody catches it.
  void throw_error(v8::Local<v8::Context> context, Error error);
  /// The error that this exception object stands for; null if it is none of the running call.
  [[nodiscard]] const Error* error_behind(v8::Local<v8::Context> context,
                                          v8::Local<v8::Value> thrown);
  /// The error for what JavaScript has thrown: the one that a native threw, or one of its own.
  [[nodiscard]] Error error_of(Run& run, v8::Local<v8::Value> thrown);
  /// Stops the running call for good: a deadline passed inside a native.
  void stop_for_deadline();

 private:
  enum class Stop : unsigned char { None, Deadline, Heap };
  struct Loaded {
    BundlePtr bundle;
    std::unique_ptr<Program> program;
  };

  static void on_promise_reject(v8::PromiseRejectMessage message);
  static std::size_t on_near_heap_limit(void* machine, std::size_t current, std::size_t initial);

  /// Runs `body` under the limits and reports what stopped it. Afterwards nothing is pending.
  Stop guarded(std::chrono::steady_clock::time_point deadline, const std::function<void()>& body);
  [[nodiscard]] Result<Program*> program_of(const BundlePtr& bundle);
  /// The program of the bundle with modules in which nobody else has run, as `isolation` says.
  [[nodiscard]] Result<Program*> program_for(const BundlePtr& bundle, const Call& call);
  void forget(const Program* program);
  using Executor = std::function<Result<CallOutcome>(Run& run)>;
  [[nodiscard]] Result<CallOutcome> run_with(const BundlePtr& bundle,
                                             Call& call,
                                             const Executor& executor);
  [[nodiscard]] Result<CallOutcome> execute(Run& run);
  [[nodiscard]] Result<CallOutcome> execute_body(Run& run, const std::function<Status()>& body);
  [[nodiscard]] Result<v8::Local<v8::Value>> call_handler(Run& run);
  [[nodiscard]] Result<v8::Local<v8::Value>> settle(Run& run, v8::Local<v8::Value> returned);
  [[nodiscard]] Status finish(Run& run, v8::Local<v8::Value> result);
  /// Errors: LimitExceeded; what a getter or toJSON throws.
  [[nodiscard]] Status write_result(Run& run, v8::Local<v8::Value> result);
  /// A rejection that nobody handles is most often a forgotten `await`: the console says so.
  void report_rejections(Run& run);
  [[nodiscard]] Error stop_error(Stop stop,
                                 std::string_view what,
                                 std::chrono::steady_clock::duration given) const;

  RuntimeLimits limits_;
  v8::Isolate* isolate_;
  std::unique_ptr<Watch> watch_;
  std::unique_ptr<HeapGauge> heap_gauge_;
  v8::Global<v8::Private> error_symbol_;
  std::vector<Loaded> loaded_;  // most recently used last
  Run* current_ = nullptr;
  std::uint32_t last_token_ = 0;
  bool has_filled_heap_ = false;
  bool has_missed_deadline_ = false;  // noticed by a native
};

}  // namespace moonstone::runtime
