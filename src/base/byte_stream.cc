// Moonstone. Licence: see LICENSE.
#include "base/byte_stream.h"

#include <algorithm>
#include <utility>

namespace moonstone {
namespace {

/// Keeps asking until the end; owns itself through the callbacks.
class Whole : public std::enable_shared_from_this<Whole> {
 public:
  Whole(ByteStreamPtr stream, std::size_t bytes_max, ByteStream::Done done)
      : stream_(std::move(stream)), bytes_max_(bytes_max), done_(std::move(done)) {}

  void ask() {
    stream_->read([self = shared_from_this()](Result<std::string> piece) {
      if (!piece) return self->done_(std::move(piece));
      if (piece->empty()) return self->done_(std::move(self->text_));
      if (self->text_.size() + piece->size() > self->bytes_max_) {
        return self->done_(
            Error(ErrorCode::LimitExceeded,
                  "the body is larger than " + std::to_string(self->bytes_max_) + " bytes",
                  "body_bytes"));
      }
      self->text_ += *piece;
      self->ask();
    });
  }

 private:
  ByteStreamPtr stream_;
  std::size_t bytes_max_;
  ByteStream::Done done_;
  std::string text_;
};

class TextStream final : public ByteStream {
 public:
  explicit TextStream(std::string bytes) : bytes_(std::move(bytes)) {}

  void read(Done done) override {
    const std::size_t count = std::min(kStreamPieceBytesMax, bytes_.size() - at_);
    std::string piece = bytes_.substr(at_, count);
    at_ += count;
    done(std::move(piece));
  }

 private:
  std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace

void read_all(ByteStreamPtr stream, std::size_t bytes_max, ByteStream::Done done) {
  std::make_shared<Whole>(std::move(stream), bytes_max, std::move(done))->ask();
}

ByteStreamPtr stream_of(std::string bytes) {
  return std::make_shared<TextStream>(std::move(bytes));
}

}  // namespace moonstone
