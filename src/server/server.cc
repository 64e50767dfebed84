// Moonstone. Licence: see LICENSE.
// The threads, the listener, and their end. Each I/O thread runs a loop of its own; the first one
// also accepts and deals the connections out in turn.
#include "server/server.h"

#include <algorithm>
#include <array>
#include <future>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fmt/format.h>
#include <pthread.h>
#include <sys/socket.h>

#include "server/connection.h"
#include "server/listen.h"

namespace moonstone::server {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;

/// After accept() found no descriptor free: long enough for connections to close, short enough that
/// nobody waits noticeably.
constexpr std::chrono::milliseconds kAcceptPause{50};
/// Connections accepted before the loop looks at its other work again.
constexpr int kAcceptBurst = 64;

/// One I/O thread and its connections.
class IoThread {
 public:
  IoThread(const ServerOptions& options,
           protocol::Application& application,
           Totals& totals,
           Logger& logger,
           std::size_t number)
      : work_(io_.get_executor()),
        loop_{.io = io_,
              .options = options,
              .application = application,
              .totals = totals,
              .logger = logger,
              .connections = {}},
        ended_(end_.get_future()),
        thread_([this, number] { run(number); }) {}

  [[nodiscard]] asio::io_context& io() { return io_; }

  void serve(Accepted accepted) {
    asio::post(io_, [this, accepted = std::move(accepted)]() mutable {
      serve_http(loop_, std::move(accepted));
    });
  }

  /// The thread ends by itself once its connections have finished.
  void drain() {
    asio::post(io_, [this] {
      loop_.is_draining = true;
      for (Connection* connection : snapshot())
        connection->drain();
      work_.reset();
    });
  }

  void abort() {
    asio::post(io_, [this] {
      for (Connection* connection : snapshot())
        connection->abort();
    });
  }

  [[nodiscard]] bool ends_before(std::chrono::steady_clock::time_point deadline) {
    return ended_.wait_until(deadline) == std::future_status::ready;
  }

  void join() { thread_.join(); }

 private:
  void run(std::size_t number) {
    ::pthread_setname_np(::pthread_self(), fmt::format("ms-io-{}", number).c_str());
    io_.run();
    end_.set_value();
  }

  /// Draining and aborting take connections out of the set while it is walked.
  [[nodiscard]] std::vector<Connection*> snapshot() const {
    return {loop_.connections.begin(), loop_.connections.end()};
  }

  // One thread runs it, which spares Asio most of its locks.
  asio::io_context io_{1};
  asio::executor_work_guard<Executor> work_;
  Loop loop_;
  std::promise<void> end_;
  std::future<void> ended_;
  std::jthread thread_;  // last: it uses everything above
};

class AsioServer final : public Server {
 public:
  AsioServer(const ServerOptions& options, protocol::Application& application, Listening listening)
      : options_(options),
        logger_(options.logger == nullptr ? null_logger() : *options.logger),
        port_(listening.port) {
    for (std::size_t i = 0; i < std::max<std::size_t>(options.threads, 1); ++i) {
      threads_.push_back(std::make_unique<IoThread>(options_, application, totals_, logger_, i));
    }
    listener_.emplace(accepting_io(), listening.descriptor.release());
    pause_.emplace(accepting_io());
    asio::post(accepting_io(), [this] { wait_for_connection(); });
  }
  ~AsioServer() override { stop(std::chrono::milliseconds(0)); }

  [[nodiscard]] std::uint16_t port() const override { return port_; }
  void stop(std::chrono::milliseconds grace) override;
  [[nodiscard]] Counters counters() const override;

 private:
  [[nodiscard]] asio::io_context& accepting_io() { return threads_.front()->io(); }
  void wait_for_connection();
  void accept_waiting();
  void deal_out(Accepted accepted);
  void pause_accepting();

  const ServerOptions options_;
  Totals totals_;
  Logger& logger_;
  std::uint16_t port_ = 0;
  std::vector<std::unique_ptr<IoThread>> threads_;
  // Both belong to the first thread.
  std::optional<asio::posix::basic_stream_descriptor<Executor>> listener_;
  std::optional<asio::basic_waitable_timer<std::chrono::steady_clock,
                                           asio::wait_traits<std::chrono::steady_clock>,
                                           Executor>>
      pause_;
  std::size_t next_thread_ = 0;
  bool is_stopped_ = false;  // of the owner's thread
};

void AsioServer::wait_for_connection() {
  if (!listener_->is_open()) return;
  listener_->async_wait(asio::posix::descriptor_base::wait_read, [this](error_code failure) {
    if (!failure) accept_waiting();
  });
}

void AsioServer::accept_waiting() {
  if (!listener_->is_open()) return;
  for (int i = 0; i < kAcceptBurst; ++i) {
    Accepted accepted;
    const AcceptOutcome outcome =
        accept_one(listener_->native_handle(), options_.unread_timeout, accepted);
    if (outcome == AcceptOutcome::Empty) break;
    if (outcome == AcceptOutcome::Exhausted) return pause_accepting();
    if (outcome == AcceptOutcome::Accepted) deal_out(std::move(accepted));
  }
  wait_for_connection();
}

void AsioServer::deal_out(Accepted accepted) {
  if (totals_.connections.load() >= options_.http_connections_max) {
    static constexpr std::string_view kFull =
        "HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain; charset=utf-8\r\n"
        "Content-Length: 20\r\nConnection: close\r\n\r\nToo many connections";
    totals_.refused.fetch_add(1);
    // As a courtesy; a peer that cannot take it is closed all the same.
    static_cast<void>(::send(accepted.descriptor.get(), kFull.data(), kFull.size(), MSG_NOSIGNAL));
    return;
  }
  threads_[next_thread_]->serve(std::move(accepted));
  next_thread_ = (next_thread_ + 1) % threads_.size();
}

void AsioServer::pause_accepting() {
  logger_.log(LogLevel::Warn, "server", "accept_paused", {});
  pause_->expires_after(kAcceptPause);
  pause_->async_wait([this](error_code failure) {
    if (!failure) accept_waiting();
  });
}

void AsioServer::stop(std::chrono::milliseconds grace) {
  if (std::exchange(is_stopped_, true)) return;
  const auto deadline = std::chrono::steady_clock::now() + grace;
  asio::post(accepting_io(), [this] {
    error_code ignored;
    listener_->close(ignored);
    pause_->cancel();
  });
  for (const auto& thread : threads_)
    thread->drain();
  for (const auto& thread : threads_) {
    if (!thread->ends_before(deadline)) thread->abort();
  }
  for (const auto& thread : threads_)
    thread->join();
}

Server::Counters AsioServer::counters() const {
  return {.connections = totals_.connections.load(),
          .sockets = totals_.sockets.load(),
          .requests = totals_.requests.load(),
          .frames_in = totals_.frames_in.load(),
          .frames_out = totals_.frames_out.load(),
          .refused = totals_.refused.load(),
          .bytes_in = totals_.bytes_in.load(),
          .bytes_out = totals_.bytes_out.load()};
}

}  // namespace

Result<std::unique_ptr<Server>> Server::start(const ServerOptions& options,
                                              protocol::Application& application) {
  MS_TRY(Listening listening, listen_on(options.host, options.port));
  return std::make_unique<AsioServer>(options, application, std::move(listening));
}

}  // namespace moonstone::server
