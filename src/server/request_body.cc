// Moonstone. Licence: see LICENSE.
#include "server/request_body.h"

#include <utility>

namespace moonstone::server {
namespace {

/// What one read returns at most; see protocol::BodyReader.
constexpr std::size_t kPieceBytesMax = std::size_t{64} * 1024;

}  // namespace

class RequestBody::Reader final : public protocol::BodyReader {
 public:
  explicit Reader(std::shared_ptr<RequestBody> body) : body_(std::move(body)) {}
  Reader(const Reader&) = delete;
  Reader& operator=(const Reader&) = delete;
  ~Reader() override { body_->release(); }
  void read(Done done) override { body_->read(std::move(done)); }

 private:
  std::shared_ptr<RequestBody> body_;  // shared with the connection
};

protocol::BodyReaderPtr RequestBody::reader_of(std::shared_ptr<RequestBody> body) {
  return std::make_shared<Reader>(std::move(body));
}

RequestBody::Flow RequestBody::push(std::string piece) {
  protocol::BodyReader::Done waiting;
  {
    const MutexLock lock(mutex_);
    if (is_released_) return Flow::Discarded;
    waiting = std::exchange(waiting_, nullptr);
    if (!waiting) {
      if (queue_.empty())
        queue_.swap(piece);
      else
        queue_.append(piece);
      is_paused_ = is_paused_ || queue_.size() >= kBodyQueueBytes;
      return is_paused_ ? Flow::Pause : Flow::Read;
    }
  }
  waiting(std::move(piece));
  return Flow::Read;
}

void RequestBody::finish() {
  {
    const MutexLock lock(mutex_);
    is_complete_ = true;
  }
  answer_waiting(std::string());
}

void RequestBody::fail(const Error& error) {
  {
    const MutexLock lock(mutex_);
    if (!is_complete_ && !failure_) failure_ = error;
  }
  answer_waiting(error);
}

void RequestBody::answer_waiting(Result<std::string> piece) {
  protocol::BodyReader::Done waiting;
  {
    const MutexLock lock(mutex_);
    waiting = std::exchange(waiting_, nullptr);
  }
  if (waiting) waiting(std::move(piece));
}

bool RequestBody::is_released() const {
  const MutexLock lock(mutex_);
  return is_released_;
}

void RequestBody::read(protocol::BodyReader::Done done) {
  Result<std::string> piece = std::string();
  bool demands = false;
  {
    const MutexLock lock(mutex_);
    if (!queue_.empty()) {
      if (queue_.size() <= kPieceBytesMax) {
        piece = std::exchange(queue_, {});
      } else {
        piece = queue_.substr(0, kPieceBytesMax);
        queue_.erase(0, kPieceBytesMax);
      }
    } else if (failure_) {
      piece = *failure_;
    } else if (!is_complete_) {
      waiting_ = std::move(done);
    }
    demands = is_paused_ && !is_complete_ && !failure_;
    is_paused_ = false;
  }
  if (demands) demand_();
  if (done) done(std::move(piece));
}

void RequestBody::release() {
  {
    const MutexLock lock(mutex_);
    is_released_ = true;
    queue_ = std::string();
    if (is_complete_ || failure_ || !is_paused_) return;
    is_paused_ = false;
  }
  demand_();
}

}  // namespace moonstone::server
