// Moonstone. Licence: see LICENSE.
#pragma once
// The client's end of a WebSocket (RFC 6455): text frames, without extensions.
// Threads: confined; its functions block their caller.

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "cli/connection.h"

namespace moonstone::cli {

/// A longer message is not ours.
inline constexpr std::size_t kMessageBytesMax = std::size_t{64} * 1024 * 1024;

class WebSocket {
 public:
  /// `url` begins with http:// or https://. Errors: Unavailable, DeadlineExceeded,
  /// FailedPrecondition (the server answered otherwise; its status is in the message).
  [[nodiscard]] Status open(const Url& url,
                            const std::vector<std::pair<std::string, std::string>>& headers);
  [[nodiscard]] Status send(std::string_view text);
  /// The next message; nothing once the server has closed. Answers pings meanwhile. Waits without
  /// a limit.
  [[nodiscard]] Result<std::optional<std::string>> receive();

 private:
  enum class Opcode : unsigned char { Continuation = 0, Text = 1, Close = 8, Ping = 9, Pong = 10 };
  struct Frame {
    bool is_last = false;
    Opcode opcode = Opcode::Text;
    std::string payload;
  };
  Status send_frame(Opcode opcode, std::string_view payload);
  Result<std::optional<Frame>> receive_frame();
  /// Waits until that many bytes are there; false at the end of the stream.
  Result<bool> fill(std::size_t count);

  Connection connection_;
  std::string received_;
};

}  // namespace moonstone::cli
