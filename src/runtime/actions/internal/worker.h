// Moonstone. Licence: see LICENSE.
#pragma once
// Worker: one Node process: its socket, its output, its health. It knows nothing of calls but
// their number.
// Threads: confined to the pool's loop.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "runtime/actions/internal/child_process.h"
#include "runtime/actions/internal/event_loop.h"
#include "runtime/actions/internal/frames.h"
#include "runtime/actions/internal/streams.h"

namespace moonstone::actions {

class Worker {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  /// What the pool hears. A worker may not be destroyed during the first three.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_message(Worker& worker, Value message) = 0;
    /// A message that is beyond the limits of JSON, or none, and why.
    virtual void on_unreadable(Worker& worker, std::string_view message, const Error& why) = 0;
    /// A line of its standard output or standard error.
    virtual void on_output(Worker& worker, std::string_view line) = 0;
    /// The last call: it is gone, and why.
    virtual void on_ended(std::uint64_t worker, const Error& why) = 0;
  };

  struct Options {
    ChildOptions child;
    std::size_t heap_mib = 0;  // for messages
    std::chrono::milliseconds silence_max{};
  };

  [[nodiscard]] static Result<std::unique_ptr<Worker>> start(std::shared_ptr<EventLoop> loop,
                                                             Owner& owner,
                                                             std::uint64_t id,
                                                             std::string program,
                                                             const Options& options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void send_message(std::string_view json);
  /// Looks after its health; `now` moves on by half a second or so between two calls.
  void tick(TimePoint now);
  /// Ends the process; on_ended() follows, on the loop but not within this call.
  void end(const Error& why);

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const std::string& program() const { return program_; }
  [[nodiscard]] WorkerStreams& streams() { return *streams_; }

  [[nodiscard]] bool is_ready() const { return is_ready_; }
  [[nodiscard]] bool has_ended() const { return has_ended_; }
  [[nodiscard]] bool accepts() const { return !has_ended_ && !is_retired_; }
  /// No new calls.
  void retire() { is_retired_ = true; }

  void count_call();
  void count_end(TimePoint now);
  [[nodiscard]] std::size_t open_calls() const { return open_calls_; }
  [[nodiscard]] std::size_t started_calls() const { return started_calls_; }
  [[nodiscard]] TimePoint idle_since() const { return idle_since_; }
  [[nodiscard]] TimePoint started_at() const { return started_at_; }
  /// Does not answer at the moment: JavaScript is running.
  [[nodiscard]] bool is_busy(TimePoint now) const;
  /// A call's time is up; a worker that does not answer either is ended soon.
  void note_overdue() { has_overdue_ = true; }
  void note_ready() { is_ready_ = true; }
  void note_pong() { pinged_at_.reset(); }

 private:
  Worker(std::shared_ptr<EventLoop> loop,
         Owner& owner,
         std::uint64_t id,
         std::string program,
         const Options& options,
         ChildProcess child);

  void send(const WorkerFrame& frame);
  void flush();
  void on_socket(short events);
  void on_readable();
  void on_output();
  void take_output(std::string_view text);
  void on_frame(const WorkerFrame& frame);
  /// The process closed its socket: it crashed or exited.
  void on_closed();

  std::shared_ptr<EventLoop> loop_;  // shared with the pool and its streams
  Owner& owner_;
  std::uint64_t id_;
  std::string program_;
  Options options_;
  ChildProcess child_;
  std::shared_ptr<WorkerStreams> streams_;  // shared with streams that are still read
  FrameReader reader_;
  std::string unsent_;
  std::size_t sent_ = 0;  // of unsent_
  std::string output_;    // an unfinished line
  bool ran_out_of_memory_ = false;
  bool is_ready_ = false;
  bool is_retired_ = false;
  bool has_ended_ = false;
  bool has_overdue_ = false;
  std::size_t open_calls_ = 0;
  std::size_t started_calls_ = 0;
  TimePoint started_at_;
  TimePoint idle_since_;
  std::optional<TimePoint> pinged_at_;  // and not answered
};

}  // namespace moonstone::actions
