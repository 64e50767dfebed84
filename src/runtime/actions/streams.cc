// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/streams.h"

#include <utility>

namespace moonstone::actions {
namespace {

Error stopped() {
  return {ErrorCode::Unavailable, "the server is stopping"};
}

}  // namespace

/// A stream of the worker's, for whoever wants its bytes.
class WorkerStreams::Taken final : public ByteStream {
 public:
  Taken(std::shared_ptr<WorkerStreams> streams, std::uint32_t number)
      : streams_(std::move(streams)), number_(number) {}
  ~Taken() override {
    streams_->loop_->post([streams = streams_, number = number_] { streams->stop(number); });
  }

  void read(Done done) override {
    auto shared = std::make_shared<Done>(std::move(done));
    const bool accepted =
        streams_->loop_->post([streams = streams_, number = number_, shared]() mutable {
          streams->read(number, std::move(*shared));
        });
    if (!accepted) (*shared)(stopped());
  }

 private:
  std::shared_ptr<WorkerStreams> streams_;  // shared with the worker and its other streams
  std::uint32_t number_;
};

std::uint32_t WorkerStreams::offer(ByteStreamPtr stream) {
  last_offered_ += 2;
  offered_[last_offered_] = {.stream = std::move(stream)};
  return last_offered_;
}

ByteStreamPtr WorkerStreams::take_back(std::uint32_t number) {
  const auto found = offered_.find(number);
  if (found == offered_.end() || found->second.is_touched) return nullptr;
  ByteStreamPtr stream = std::move(found->second.stream);
  offered_.erase(found);
  return stream;
}

ByteStreamPtr WorkerStreams::take(std::uint32_t number) {
  return std::make_shared<Taken>(shared_from_this(), number);
}

void WorkerStreams::on_frame(const WorkerFrame& frame) {
  switch (frame.kind) {
    case FrameKind::Pull:
      return answer_pull(frame.number);
    case FrameKind::Stop:
      return withdraw(frame.number);
    case FrameKind::Chunk:
    case FrameKind::End:
    case FrameKind::Broken:
      break;
    case FrameKind::Message:
      return;
  }
  const auto found = reads_.find(frame.number);
  if (found == reads_.end()) return;
  ByteStream::Done done = std::move(found->second);
  reads_.erase(found);
  if (frame.kind == FrameKind::Broken) {
    return done(Error(ErrorCode::Unavailable, std::string(frame.payload), "user_code"));
  }
  done(std::string(frame.payload));
}

void WorkerStreams::break_all(const Error& why) {
  broken_ = std::make_unique<Error>(why);
  offered_.clear();
  for (auto& [number, done] : std::exchange(reads_, {}))
    done(why);
}

void WorkerStreams::answer_pull(std::uint32_t number) {
  const auto found = offered_.find(number);
  if (found == offered_.end()) {
    return send_({.kind = FrameKind::Broken, .number = number, .payload = "the stream is closed"});
  }
  found->second.is_touched = true;
  // The stream may answer on another thread, and after we are gone.
  const ByteStreamPtr stream = found->second.stream;
  stream->read([self = shared_from_this(), number](Result<std::string> piece) {
    auto shared = std::make_shared<Result<std::string>>(std::move(piece));
    self->loop_->post([self, number, shared] { self->send_piece(number, std::move(*shared)); });
  });
}

void WorkerStreams::send_piece(std::uint32_t number, Result<std::string> piece) {
  if (broken_ != nullptr || !offered_.contains(number)) return;
  if (piece && !piece->empty()) {
    return send_({.kind = FrameKind::Chunk, .number = number, .payload = *piece});
  }
  offered_.erase(number);
  if (piece) return send_({.kind = FrameKind::End, .number = number, .payload = {}});
  send_({.kind = FrameKind::Broken, .number = number, .payload = piece.error().message()});
}

void WorkerStreams::read(std::uint32_t number, ByteStream::Done done) {
  if (broken_ != nullptr) return done(*broken_);
  reads_[number] = std::move(done);
  send_({.kind = FrameKind::Pull, .number = number, .payload = {}});
}

void WorkerStreams::stop(std::uint32_t number) {
  reads_.erase(number);
  if (broken_ == nullptr) send_({.kind = FrameKind::Stop, .number = number, .payload = {}});
}

}  // namespace moonstone::actions
