// Moonstone. Licence: see LICENSE.
#pragma once
// The byte streams between the pool and one worker, in both directions.
// Threads: confined to the pool's loop; the streams that taken() makes are read from any thread.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "base/byte_stream.h"
#include "runtime/actions/internal/event_loop.h"
#include "runtime/actions/internal/frames.h"

namespace moonstone::actions {

class WorkerStreams : public std::enable_shared_from_this<WorkerStreams> {
 public:
  using SendFrame = std::function<void(const WorkerFrame&)>;

  /// `send` is called on the loop until break_all().
  WorkerStreams(std::shared_ptr<EventLoop> loop, SendFrame send)
      : loop_(std::move(loop)), send_(std::move(send)) {}

  /// Lets the worker read `stream`; returns its number.
  [[nodiscard]] std::uint32_t offer(ByteStreamPtr stream);
  /// Takes an offered stream back, untouched if the worker has not begun to read it; else null.
  [[nodiscard]] ByteStreamPtr take_back(std::uint32_t number);
  void withdraw(std::uint32_t number) { offered_.erase(number); }

  /// The stream that the worker offers under `number`.
  [[nodiscard]] ByteStreamPtr take(std::uint32_t number);

  void on_frame(const WorkerFrame& frame);
  /// The worker is gone: every read fails, now and later.
  void break_all(const Error& why);

 private:
  class Taken;
  struct Offered {
    ByteStreamPtr stream;
    bool is_touched = false;
  };

  void answer_pull(std::uint32_t number);
  void send_piece(std::uint32_t number, Result<std::string> piece);
  void read(std::uint32_t number, ByteStream::Done done);
  void stop(std::uint32_t number);

  std::shared_ptr<EventLoop> loop_;
  SendFrame send_;
  std::uint32_t last_offered_ = 0;
  std::map<std::uint32_t, Offered> offered_;
  std::map<std::uint32_t, ByteStream::Done> reads_;  // under way
  std::unique_ptr<Error> broken_;
};

}  // namespace moonstone::actions
