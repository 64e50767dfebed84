// Moonstone. Licence: see LICENSE.
#include "runtime/isolate.h"

#include <utility>

#include "base/thread_cache.h"
#include "runtime/internal/machine.h"

namespace moonstone::runtime {
namespace {

/// Replaces its machine once that has been filled: what a runaway left on the heap may be large,
/// and a new machine is the one way to be certain of the limit again.
class ReplaceableIsolate final : public Isolate {
 public:
  explicit ReplaceableIsolate(const RuntimeLimits& limits)
      : limits_(limits), machine_(std::make_unique<Machine>(limits)) {}

  Status prepare(const BundlePtr& bundle) override { return machine_->prepare(bundle); }

  Result<CallOutcome> run(const BundlePtr& bundle, Call& call) override {
    auto outcome = machine_->run(bundle, call);
    replace_if_spent();
    return outcome;
  }

  Result<CallOutcome> run_inside(const BundlePtr& bundle,
                                 Call& call,
                                 const std::function<Status()>& body) override {
    auto outcome = machine_->run_inside(bundle, call, body);
    replace_if_spent();
    return outcome;
  }

 private:
  void replace_if_spent() {
    if (!machine_->is_spent()) return;
    machine_.reset();
    machine_ = std::make_unique<Machine>(limits_);
  }

  RuntimeLimits limits_;
  std::unique_ptr<Machine> machine_;
};

}  // namespace

Result<std::unique_ptr<Isolate>> Isolate::create(const RuntimeLimits& limits) {
  return std::unique_ptr<Isolate>(std::make_unique<ReplaceableIsolate>(limits));
}

Result<Isolate*> isolate_of_this_thread(const RuntimeLimits& limits) {
  thread_local std::unique_ptr<Isolate> isolate;
  if (isolate == nullptr) {
    MS_TRY(isolate, Isolate::create(limits));
    add_thread_cache([] { isolate.reset(); });
  }
  return isolate.get();
}

}  // namespace moonstone::runtime
