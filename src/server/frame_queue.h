// Moonstone. Licence: see LICENSE.
#pragma once
// FrameQueue: what one WebSocket has to send, as frames whose parts are shared with other sockets.
//
// It makes the heads of frames and hands heads and parts to the kernel where they lie, many frames
// in one call. A server's frames are not masked, so their bytes are the same for every socket.
// Invariant: once the first byte of a frame is out, nothing comes before its last one.
// Threads: confined.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "protocol/transport.h"

namespace moonstone::server {

[[nodiscard]] std::size_t bytes_of(const protocol::Frame& frame);

class FrameQueue {
 public:
  /// A whole text message.
  void add_text(protocol::Frame frame);
  /// Bytes that are frames already.
  void add_encoded(std::string bytes);
  [[nodiscard]] bool is_empty() const { return next_ == entries_.size(); }
  /// Drops the messages that have not begun to go out.
  void drop_waiting_text();

  enum class Outcome : unsigned char {
    Empty,    // all is sent
    Blocked,  // the socket takes no more for now
    Paused,   // `bytes_max` is reached
    Failed,   // the connection is lost
  };
  struct Written {
    Outcome outcome = Outcome::Empty;
    std::size_t messages = 0;  // text messages whose last byte is out
    std::size_t bytes = 0;     // of these messages, without their heads
    bool has_moved = false;    // anything at all was sent
  };
  /// Sends without waiting, until about `bytes_max` bytes are out.
  [[nodiscard]] Written write_to(int socket, std::size_t bytes_max);

 private:
  struct Entry {
    std::array<char, 10> head{};
    std::uint8_t head_bytes = 0;  // 0: the parts are encoded
    protocol::Frame parts;
    std::size_t bytes = 0;  // with the head
  };

  void advance(std::size_t sent, Written& written);
  void forget_sent();

  std::vector<Entry> entries_;  // sent up to next_
  std::size_t next_ = 0;
  std::size_t sent_of_next_ = 0;
};

}  // namespace moonstone::server
