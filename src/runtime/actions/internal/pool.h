// Moonstone. Licence: see LICENSE.
#pragma once
// Pool: which worker runs which call, and what becomes of both.
//
// A call is waiting (for a worker that may start), running, or answered but still sending its body;
// it is in calls_ until its worker says that nothing more comes of it.
// Threads: confined to the loop.

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <stop_token>
#include <string>
#include <variant>

#include "base/result.h"
#include "base/value.h"
#include "runtime/actions/action_pool.h"
#include "runtime/actions/internal/event_loop.h"
#include "runtime/actions/internal/worker.h"

namespace moonstone::actions {

using CallRequest = std::variant<ActionCall, RouteCall, GateCall>;
using CallResult = std::variant<Value, protocol::HttpResponse, GatePass>;
using CallDone = std::move_only_function<void(Result<CallResult>)>;
using StopCallback = std::stop_callback<std::function<void()>>;

/// A call on its way into the pool.
struct Submission {
  CallRequest request;
  CallDone done;
};

class Pool final : public Worker::Owner {
 public:
  /// `loop` runs this pool; the pool is destroyed after the loop has ended.
  Pool(std::shared_ptr<EventLoop> loop, PoolOptions options);

  void submit(Submission submission);
  void shut_down();
  [[nodiscard]] ActionPool::Totals totals() const { return {workers_.size(), calls_.size()}; }

  void on_message(Worker& worker, Value message) override;
  void on_unreadable(Worker& worker, std::string_view message, const Error& why) override;
  void on_output(Worker& worker, std::string_view line) override;
  void on_ended(std::uint64_t worker, const Error& why) override;

 private:
  struct Call {
    std::uint32_t id = 0;
    CallRequest request;
    CallDone done;             // empty once it was called
    Worker* worker = nullptr;  // null: waiting
    std::uint32_t request_stream = 0;
    std::optional<EventLoop::TimerId> deadline;
    std::unique_ptr<StopCallback> caller_left;
    std::stop_source asks;  // stops what it asked for
    std::map<std::uint32_t, std::shared_ptr<protocol::HttpResponse>>
        forwarded;  // answers by number of the ask
  };

  // Starting.
  void assign(Call& call);
  /// The best worker for a program; null after a failure to start, or while it has to wait.
  Result<Worker*> worker_for(const NodeProgram& program);
  Result<Worker*> start_worker(const NodeProgram& program);
  Result<std::string> write_files(const NodeProgram& program);
  void send_call(Call& call);
  std::string message_of(Call& call);
  void wait_for_worker(Call& call);
  void assign_waiting();
  void note_failed_start();

  // Ending.
  void answer(Call& call, Result<CallResult> result);
  void cancel(std::uint32_t id, ErrorCode code, const std::string& why);
  void finish(std::uint32_t id);
  void tick();
  void end_idle(Worker& worker, Worker::TimePoint now);

  // What workers say.
  void on_hello(Worker& worker, const Object& message);
  void on_unusable(Worker& worker, const Object& message);
  void on_result(Call& call, Object& message);
  void on_error(Call& call, const Object& message);
  void on_response(Call& call, Object& message);
  void on_log(const Object& message);
  void on_ask(Call& call, Object& message);
  ActionServices::Done reply_to(const Call& call, std::uint32_t ask);
  void on_forward(Call& call, std::uint32_t ask, Object& message);
  void send_forwarded(std::uint32_t id, std::uint32_t ask, protocol::HttpResponse response);
  Call* find_call(const Object& message, std::string_view member);
  Call* find_call_of(const Worker& worker, std::string_view id);

  std::shared_ptr<EventLoop> loop_;
  PoolOptions options_;
  std::map<std::uint64_t, std::unique_ptr<Worker>> workers_;
  std::map<std::uint32_t, Call> calls_;
  std::deque<std::uint32_t> waiting_;
  std::set<std::string> written_;  // hashes of the programs whose files are there
  std::string current_;            // hash of the latest call's program
  std::uint64_t last_worker_ = 0;
  std::uint32_t last_call_ = 0;
  bool has_folder_ = false;
  bool is_ticking_ = false;
  bool is_stopping_ = false;
  // After failures workers start later and later.
  unsigned failures_ = 0;
  EventLoop::TimePoint not_before_{};
};

/// The origin that every kind of call has.
[[nodiscard]] const CallOrigin& origin_of(const CallRequest& request);

}  // namespace moonstone::actions
