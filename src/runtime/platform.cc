// Moonstone. Licence: see LICENSE.
#include "runtime/internal/platform.h"

#include <limits>
#include <memory>
#include <utility>

#include <libplatform/libplatform.h>
#include <v8.h>

namespace moonstone::runtime {
namespace {

/// Threads for concurrent marking and compilation, shared by all isolates. One is enough to take
/// the garbage collector off the readers; each costs memory even when idle.
constexpr int kWorkerThreads = 1;

/// WebAssembly and shared memory are neither deterministic nor bounded by the heap limit.
constexpr char kFlags[] = "--no-expose-wasm --no-harmony-sharedarraybuffer";

constexpr double kClockRuns = std::numeric_limits<double>::quiet_NaN();
thread_local double frozen_clock_ms = kClockRuns;
thread_local bool frozen_clock_was_read = false;

/// V8's own platform with a clock that can be stopped for one thread.
class Platform final : public v8::Platform {
 public:
  Platform() : inner_(v8::platform::NewDefaultPlatform(kWorkerThreads)) {}

  [[nodiscard]] v8::Platform* inner() const { return inner_.get(); }

  v8::PageAllocator* GetPageAllocator() override { return inner_->GetPageAllocator(); }
  v8::ZoneBackingAllocator* GetZoneBackingAllocator() override {
    return inner_->GetZoneBackingAllocator();
  }
  int NumberOfWorkerThreads() override { return inner_->NumberOfWorkerThreads(); }
  std::shared_ptr<v8::TaskRunner> GetForegroundTaskRunner(v8::Isolate* isolate) override {
    return inner_->GetForegroundTaskRunner(isolate);
  }
  void CallOnWorkerThread(std::unique_ptr<v8::Task> task) override {
    inner_->CallOnWorkerThread(std::move(task));
  }
  void CallDelayedOnWorkerThread(std::unique_ptr<v8::Task> task, double delay_s) override {
    inner_->CallDelayedOnWorkerThread(std::move(task), delay_s);
  }
  bool IdleTasksEnabled(v8::Isolate* isolate) override { return inner_->IdleTasksEnabled(isolate); }
  std::unique_ptr<v8::JobHandle> PostJob(v8::TaskPriority priority,
                                         std::unique_ptr<v8::JobTask> job) override {
    return inner_->PostJob(priority, std::move(job));
  }
  double MonotonicallyIncreasingTime() override { return inner_->MonotonicallyIncreasingTime(); }
  double CurrentClockTimeMillis() override {
    const double frozen = frozen_clock_ms;
    frozen_clock_was_read = true;
    return frozen == frozen ? frozen : inner_->CurrentClockTimeMillis();
  }
  StackTracePrinter GetStackTracePrinter() override { return inner_->GetStackTracePrinter(); }
  v8::TracingController* GetTracingController() override { return inner_->GetTracingController(); }

 private:
  std::unique_ptr<v8::Platform> inner_;
};

Platform& platform() {
  // Never destroyed: V8 cannot be started twice, and isolates of other threads may still run when
  // the destructors of static objects do.
  static Platform* const started = [] {
    auto* const created = new Platform();
    v8::V8::SetFlagsFromString(kFlags);
    v8::V8::InitializePlatform(created);
    v8::V8::Initialize();
    return created;
  }();
  return *started;
}

}  // namespace

void start_v8() {
  platform();
}

void run_foreground_tasks(v8::Isolate* isolate) {
  while (v8::platform::PumpMessageLoop(platform().inner(), isolate)) {
  }
}

void forget_isolate(v8::Isolate* isolate) {
  v8::platform::NotifyIsolateShutdown(platform().inner(), isolate);
}

FrozenClock::FrozenClock(std::int64_t unix_ms)
    : former_ms_(frozen_clock_ms), former_read_(frozen_clock_was_read) {
  frozen_clock_ms = static_cast<double>(unix_ms);
  frozen_clock_was_read = false;
}

FrozenClock::~FrozenClock() {
  frozen_clock_ms = former_ms_;
  frozen_clock_was_read = former_read_;
}

bool FrozenClock::was_read() const {
  return frozen_clock_was_read;
}

}  // namespace moonstone::runtime
