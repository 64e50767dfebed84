// Moonstone. Licence: see LICENSE.
#include "runtime/actions/action_pool.h"

#include <utility>

#include "base/mutex.h"
#include "runtime/actions/internal/pool.h"

namespace moonstone::actions {
namespace {

/// Hands a result on as the type that this kind of call has.
template <class T>
Result<T> narrowed(Result<CallResult> result) {
  if (!result) return std::move(result).error();
  if (T* const value = std::get_if<T>(&*result)) return std::move(*value);
  return Error(ErrorCode::Internal, "a worker answered with something else");
}

}  // namespace

class ActionPool::Impl {
 public:
  explicit Impl(PoolOptions options)
      : loop_(std::make_shared<EventLoop>("actions")), pool_(loop_, std::move(options)) {}
  ~Impl() { stop(); }
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  void submit(CallRequest request, CallDone done) {
    auto submission = std::make_shared<Submission>(
        Submission{.request = std::move(request), .done = std::move(done)});
    const bool accepted = loop_->post([this, submission] { pool_.submit(std::move(*submission)); });
    if (!accepted) submission->done(Error(ErrorCode::Unavailable, "the server is stopping"));
  }

  void stop() {
    loop_->stop([this] { pool_.shut_down(); });
  }

  [[nodiscard]] Totals totals() {
    struct Reply {
      Mutex mutex;
      Condition arrived;
      std::optional<Totals> totals MS_GUARDED_BY(mutex);
    };
    const auto reply = std::make_shared<Reply>();
    const bool accepted = loop_->post([this, reply] {
      const MutexLock lock(reply->mutex);
      reply->totals = pool_.totals();
      reply->arrived.notify_all();
    });
    if (!accepted) return {};
    const MutexLock lock(reply->mutex);
    while (!reply->totals)
      reply->arrived.wait(reply->mutex);
    return *reply->totals;
  }

 private:
  std::shared_ptr<EventLoop> loop_;  // shared with bodies that are still being read
  Pool pool_;
};

ActionPool::ActionPool(PoolOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

ActionPool::~ActionPool() = default;

void ActionPool::run(ActionCall call, ActionDone done) {
  impl_->submit(std::move(call), [done = std::move(done)](Result<CallResult> result) mutable {
    done(narrowed<Value>(std::move(result)));
  });
}

void ActionPool::run(RouteCall call, RouteDone done) {
  impl_->submit(std::move(call), [done = std::move(done)](Result<CallResult> result) mutable {
    done(narrowed<protocol::HttpResponse>(std::move(result)));
  });
}

void ActionPool::run(GateCall call, GateDone done) {
  impl_->submit(std::move(call), [done = std::move(done)](Result<CallResult> result) mutable {
    if (!result) return done(std::move(result).error());
    if (auto* const pass = std::get_if<GatePass>(&*result)) return done(std::move(*pass));
    done(narrowed<protocol::HttpResponse>(std::move(result)));
  });
}

void ActionPool::stop() {
  impl_->stop();
}

ActionPool::Totals ActionPool::totals() const {
  return impl_->totals();
}

}  // namespace moonstone::actions
