// Moonstone. Licence: see LICENSE.
#include "client/io_loop.h"

#include <thread>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include "base/thread.h"
#include "client/internal/web_socket_heavy.h"

namespace moonstone::client {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Time = std::chrono::steady_clock::time_point;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         asio::io_context::executor_type>;

/// Shared by its owner and the wait that is under way.
class AlarmState : public std::enable_shared_from_this<AlarmState> {
 public:
  AlarmState(asio::io_context& io, std::function<void()> on_due)
      : timer_(io), on_due_(std::move(on_due)) {}

  void set(Time time) {
    if (armed_for_ <= time) return;
    armed_for_ = time;
    timer_.expires_at(time);
    timer_.async_wait([self = shared_from_this()](error_code failure) {
      if (failure || self->armed_for_ > std::chrono::steady_clock::now()) return;
      self->armed_for_ = Time::max();
      if (self->on_due_) self->on_due_();
    });
  }

  void end() {
    on_due_ = nullptr;
    timer_.cancel();
  }

 private:
  Timer timer_;
  std::function<void()> on_due_;
  Time armed_for_ = Time::max();
};

class LoopAlarm final : public Alarm {
 public:
  LoopAlarm(asio::io_context& io, std::function<void()> on_due)
      : state_(std::make_shared<AlarmState>(io, std::move(on_due))) {}
  ~LoopAlarm() override { state_->end(); }
  void set(Time time) override { state_->set(time); }

 private:
  std::shared_ptr<AlarmState> state_;
};

class AsioLoop final : public IoLoop {
 public:
  AsioLoop()
      : io_(1),
        work_(io_.get_executor()),
        thread_(start_thread("ms-client", [this](const std::stop_token&) { io_.run(); })) {}

  ~AsioLoop() override {
    post([this] { io_.stop(); });
    thread_.join();
  }

  void post(std::move_only_function<void()> task) override { asio::post(io_, std::move(task)); }
  bool is_current() const override { return thread_.get_id() == std::this_thread::get_id(); }

  std::shared_ptr<Socket> open_socket(const SocketRequest& request, SocketEvents& events) override {
    return open_web_socket(io_, contexts_, request, events);
  }
  std::unique_ptr<Alarm> make_alarm(std::function<void()> on_due) override {
    return std::make_unique<LoopAlarm>(io_, std::move(on_due));
  }

 private:
  TlsContexts contexts_;
  asio::io_context io_;
  asio::executor_work_guard<asio::io_context::executor_type> work_;
  std::jthread thread_;  // last, so that it starts when all else exists
};

}  // namespace

std::unique_ptr<IoLoop> start_io_loop() {
  return std::make_unique<AsioLoop>();
}

}  // namespace moonstone::client
