// Moonstone. Licence: see LICENSE.
#include "server/frame_queue.h"

#include <algorithm>
#include <cerrno>
#include <memory>
#include <span>
#include <utility>

#include <sys/socket.h>
#include <sys/uio.h>

namespace moonstone::server {
namespace {

/// Pieces handed to the kernel in one call; beyond a few dozen a call gets no cheaper per piece.
constexpr std::size_t kPiecesMax = 64;
/// A queue that grew beyond this gives its memory back, so that an idle socket stays small.
constexpr std::size_t kIdleEntries = 4;

constexpr unsigned char kFinalText = 0x81;
constexpr std::size_t kBytesMax7 = 125;     // a length in the second byte
constexpr std::size_t kBytesMax16 = 65535;  // in two bytes that follow; else in eight

/// RFC 6455, 5.2: the head of an unmasked, unfragmented text frame. Returns its length.
std::uint8_t write_head(std::size_t bytes, std::array<char, 10>& head) {
  head[0] = static_cast<char>(kFinalText);
  if (bytes <= kBytesMax7) {
    head[1] = static_cast<char>(bytes);
    return 2;
  }
  const bool is_short = bytes <= kBytesMax16;
  head[1] = static_cast<char>(is_short ? 126 : 127);
  const std::size_t width = is_short ? 2 : 8;
  for (std::size_t i = 0; i < width; ++i) {
    head.at(2 + i) = static_cast<char>((bytes >> (8 * (width - 1 - i))) & 0xFFU);
  }
  return static_cast<std::uint8_t>(2 + width);
}

/// Pieces of memory, less the first `skipped` bytes.
class Pieces {
 public:
  // NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): a kilobyte, written as it is counted
  explicit Pieces(std::size_t skipped) : skipped_(skipped) {}

  [[nodiscard]] bool is_full() const { return count_ == pieces_.size(); }
  [[nodiscard]] std::size_t bytes() const { return bytes_; }
  [[nodiscard]] std::span<iovec> all() { return std::span(pieces_).first(count_); }

  void add(const char* begin, std::size_t bytes) {
    const std::size_t skipped = std::min(skipped_, bytes);
    skipped_ -= skipped;
    if (skipped == bytes || is_full()) return;
    // The kernel only reads, but iovec is for both directions.
    pieces_.at(count_++) = {.iov_base = const_cast<char*>(begin + skipped),
                            .iov_len = bytes - skipped};
    bytes_ += bytes - skipped;
  }

 private:
  std::size_t skipped_;
  std::size_t count_ = 0;
  std::size_t bytes_ = 0;
  std::array<iovec, kPiecesMax> pieces_;  // up to count_
};

}  // namespace

std::size_t bytes_of(const protocol::Frame& frame) {
  std::size_t bytes = 0;
  for (const auto& part : frame)
    bytes += part->size();
  return bytes;
}

void FrameQueue::add_text(protocol::Frame frame) {
  Entry& entry = entries_.emplace_back();
  const std::size_t bytes = bytes_of(frame);
  entry.head_bytes = write_head(bytes, entry.head);
  entry.parts = std::move(frame);
  entry.bytes = entry.head_bytes + bytes;
}

void FrameQueue::add_encoded(std::string bytes) {
  Entry& entry = entries_.emplace_back();
  entry.bytes = bytes.size();
  entry.parts.push_back(std::make_shared<const std::string>(std::move(bytes)));
}

void FrameQueue::drop_waiting_text() {
  const auto begun = static_cast<std::ptrdiff_t>(next_ + (sent_of_next_ > 0 ? 1U : 0U));
  const auto is_text = [](const Entry& entry) { return entry.head_bytes > 0; };
  entries_.erase(std::remove_if(entries_.begin() + begun, entries_.end(), is_text), entries_.end());
  if (is_empty()) forget_sent();
}

FrameQueue::Written FrameQueue::write_to(int socket, std::size_t bytes_max) {
  Written written;
  std::size_t total = 0;
  while (!is_empty()) {
    if (total >= bytes_max) {
      written.outcome = Outcome::Paused;
      return written;
    }
    Pieces pieces(sent_of_next_);
    for (std::size_t i = next_; i < entries_.size() && !pieces.is_full(); ++i) {
      const Entry& entry = entries_[i];
      pieces.add(entry.head.data(), entry.head_bytes);
      for (const auto& part : entry.parts)
        pieces.add(part->data(), part->size());
    }
    msghdr message{};
    message.msg_iov = pieces.all().data();
    message.msg_iovlen = pieces.all().size();
    const ssize_t sent = ::sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) {
      const bool is_full = errno == EAGAIN || errno == EWOULDBLOCK;
      written.outcome = is_full ? Outcome::Blocked : Outcome::Failed;
      return written;
    }
    const auto bytes = static_cast<std::size_t>(sent);
    total += bytes;
    advance(bytes, written);
    if (bytes < pieces.bytes()) {
      written.outcome = Outcome::Blocked;
      return written;
    }
  }
  forget_sent();
  return written;
}

void FrameQueue::advance(std::size_t sent, Written& written) {
  written.has_moved = written.has_moved || sent > 0;
  sent_of_next_ += sent;
  while (!is_empty() && sent_of_next_ >= entries_[next_].bytes) {
    Entry& entry = entries_[next_++];
    sent_of_next_ -= entry.bytes;
    entry.parts.clear();  // others may wait for the memory
    if (entry.head_bytes == 0) continue;
    ++written.messages;
    written.bytes += entry.bytes - entry.head_bytes;
  }
}

void FrameQueue::forget_sent() {
  next_ = 0;
  if (entries_.capacity() > kIdleEntries) {
    entries_ = {};
  } else {
    entries_.clear();
  }
}

}  // namespace moonstone::server
