// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/worker.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/script_json.h"

namespace moonstone::actions {
namespace {

using std::chrono::steady_clock;

constexpr std::size_t kReadBytes = std::size_t{64} * 1024;
/// A worker that takes nothing any more: far more than the calls that it may have can need.
constexpr std::size_t kUnsentBytesMax = std::size_t{256} * 1024 * 1024;
/// What was sent is cut off from time to time rather than at each step.
constexpr std::size_t kSentBytesKept = std::size_t{1024} * 1024;
constexpr std::size_t kOutputLineBytesMax = 8192;
/// Importing the bundle; it may connect to things at its top level.
constexpr std::chrono::seconds kStartMax{30};
/// Silence after which new calls go elsewhere.
constexpr std::chrono::milliseconds kBusyAfter{250};
/// Silence after which a worker with an overdue call is ended.
constexpr std::chrono::seconds kOverdueSilenceMax{2};
/// A call's value of 4 MiB and what is around it.
constexpr std::size_t kMessageDepthMax = 80;
/// What V8 writes before it gives up.
constexpr std::string_view kOutOfMemory = "heap out of memory";

}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(std::shared_ptr<EventLoop> loop,
                                              Owner& owner,
                                              std::uint64_t id,
                                              std::string program,
                                              const Options& options) {
  MS_TRY(ChildProcess child, ChildProcess::start(options.child));
  return std::unique_ptr<Worker>(
      new Worker(std::move(loop), owner, id, std::move(program), options, std::move(child)));
}

Worker::Worker(std::shared_ptr<EventLoop> loop,
               Owner& owner,
               std::uint64_t id,
               std::string program,
               const Options& options,
               ChildProcess child)
    : loop_(std::move(loop)),
      owner_(owner),
      id_(id),
      program_(std::move(program)),
      options_(options),
      child_(std::move(child)),
      streams_(std::make_shared<WorkerStreams>(loop_,
                                               [this](const WorkerFrame& frame) { send(frame); })),
      started_at_(steady_clock::now()),
      idle_since_(started_at_) {
  loop_->watch(child_.socket(), POLLIN, [this](short events) { on_socket(events); });
  loop_->watch(child_.output(), POLLIN, [this](short) { on_output(); });
}

Worker::~Worker() {
  loop_->unwatch(child_.socket());
  loop_->unwatch(child_.output());
  streams_->break_all(Error(ErrorCode::Unavailable, "the server is stopping"));
}

void Worker::count_call() {
  ++open_calls_;
  ++started_calls_;
}

void Worker::count_end(TimePoint now) {
  if (open_calls_ > 0 && --open_calls_ == 0) {
    idle_since_ = now;
    has_overdue_ = false;
  }
}

bool Worker::is_busy(TimePoint now) const {
  return pinged_at_ && now - *pinged_at_ > kBusyAfter;
}

void Worker::tick(TimePoint now) {
  if (has_ended_) return;
  if (!is_ready_) {
    if (now - started_at_ > kStartMax) {
      end(Error(ErrorCode::Unavailable,
                fmt::format("the modules of the bundle did not finish loading within {} s",
                            kStartMax.count()),
                "worker_start"));
    }
    return;
  }
  if (!pinged_at_) {
    if (open_calls_ == 0) return;
    pinged_at_ = now;
    return send_message(R"({"t":"ping"})");
  }
  const auto silence = now - *pinged_at_;
  if (silence > options_.silence_max || (has_overdue_ && silence > kOverdueSilenceMax)) {
    end(Error(ErrorCode::Internal,
              fmt::format("its worker did not answer for {} s and was stopped; JavaScript that "
                          "computes for long must let others run now and then",
                          std::chrono::duration_cast<std::chrono::seconds>(silence).count()),
              "worker_silent"));
  }
}

void Worker::end(const Error& why) {
  if (std::exchange(has_ended_, true)) return;
  loop_->unwatch(child_.socket());
  loop_->post([streams = streams_, &owner = owner_, id = id_, why] {
    streams->break_all(why);
    owner.on_ended(id, why);
  });
}

void Worker::send_message(std::string_view json) {
  send({.kind = FrameKind::Message, .payload = json});
}

void Worker::send(const WorkerFrame& frame) {
  if (has_ended_) return;
  append_frame(frame, unsent_);
  if (unsent_.size() - sent_ > kUnsentBytesMax) {
    return end(Error(ErrorCode::Internal, "its worker stopped reading", "worker_silent"));
  }
  flush();
}

void Worker::flush() {
  while (sent_ < unsent_.size()) {
    const ssize_t count = ::send(child_.socket(), unsent_.data() + sent_, unsent_.size() - sent_,
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;  // full; or gone, which reading will tell
    sent_ += static_cast<std::size_t>(count);
  }
  if (sent_ == unsent_.size() || sent_ > kSentBytesKept) {
    unsent_.erase(0, sent_);
    sent_ = 0;
  }
  const bool is_waiting = !unsent_.empty();
  loop_->set_events(child_.socket(), static_cast<short>(is_waiting ? POLLIN | POLLOUT : POLLIN));
}

void Worker::on_socket(short events) {
  if ((events & POLLOUT) != 0) flush();
  if ((events & (POLLIN | POLLHUP | POLLERR)) != 0) on_readable();
}

void Worker::on_readable() {
  std::array<char, kReadBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled
  const ssize_t count = ::recv(child_.socket(), buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (count <= 0) return on_closed();
  const Status taken = reader_.feed({buffer.data(), static_cast<std::size_t>(count)},
                                    [this](const WorkerFrame& frame) { on_frame(frame); });
  if (!taken) end(Error(taken.error()));
}

void Worker::on_frame(const WorkerFrame& frame) {
  if (has_ended_) return;
  if (frame.kind != FrameKind::Message) return streams_->on_frame(frame);
  JsonLimits limits;
  limits.bytes_max = kFrameBytesMax;
  limits.depth_max = kMessageDepthMax;
  auto message = parse_script_json(frame.payload, limits);
  if (!message) return owner_.on_unreadable(*this, frame.payload, message.error());
  owner_.on_message(*this, *std::move(message));
}

void Worker::on_closed() {
  if (has_ended_) return;
  on_output();  // its last words
  const std::string how = child_.end();
  if (ran_out_of_memory_) {
    return end(
        Error(ErrorCode::Internal,
              fmt::format("its worker ran out of memory ({} MiB); raise actions.heap_mib, or "
                          "hold less at once",
                          options_.heap_mib),
              "worker_crash"));
  }
  end(Error(ErrorCode::Internal, fmt::format("its worker ended unexpectedly: {}", how),
            "worker_crash"));
}

void Worker::on_output() {
  std::array<char, kReadBytes> buffer;  // NOLINT(cppcoreguidelines-pro-type-member-init): filled
  const ssize_t count = ::read(child_.output(), buffer.data(), buffer.size());
  if (count > 0) return take_output({buffer.data(), static_cast<std::size_t>(count)});
  if (count < 0 && (errno == EAGAIN || errno == EINTR)) return;
  loop_->unwatch(child_.output());
}

void Worker::take_output(std::string_view text) {
  output_ += text;
  std::size_t end = 0;
  while ((end = output_.find('\n')) != std::string::npos || output_.size() > kOutputLineBytesMax) {
    const std::string line = output_.substr(0, std::min(end, kOutputLineBytesMax));
    output_.erase(0, end == std::string::npos ? line.size() : end + 1);
    ran_out_of_memory_ |= line.find(kOutOfMemory) != std::string::npos;
    if (!line.empty()) owner_.on_output(*this, line);
  }
}

}  // namespace moonstone::actions
