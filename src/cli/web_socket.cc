// Moonstone. Licence: see LICENSE.
#include "cli/web_socket.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/clock.h"
#include "base/encoding.h"

namespace moonstone::cli {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kOpenTimeMax{30};
constexpr std::size_t kHeadBytesMax = std::size_t{64} * 1024;
constexpr unsigned kLastFrame = 0x80;
constexpr unsigned kMasked = 0x80;
/// Lengths from which on two or eight further bytes tell the length.
constexpr std::size_t kShortLengthMax = 125;
constexpr std::size_t kMediumLengthMax = 0xFFFF;

std::string random_bytes(std::size_t count) {
  std::string bytes;
  while (bytes.size() < count) {
    const std::uint64_t drawn = system_random().next();
    for (int shift = 0; shift < 64 && bytes.size() < count; shift += 8) {
      bytes += static_cast<char>((drawn >> static_cast<unsigned>(shift)) & 0xFFU);
    }
  }
  return bytes;
}

Error not_a_web_socket() {
  return {ErrorCode::FailedPrecondition, "the server sent what is no WebSocket frame", "protocol"};
}

}  // namespace

Status WebSocket::open(const Url& url,
                       const std::vector<std::pair<std::string, std::string>>& headers) {
  connection_.set_deadline(steady_clock::now() + kOpenTimeMax);
  MS_TRY_STATUS(connection_.connect(url));
  std::string request = fmt::format(
      "GET {} HTTP/1.1\r\nHost: {}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {}\r\n",
      url.path, url.authority(), to_base64(random_bytes(16)));
  for (const auto& [name, value] : headers)
    request += fmt::format("{}: {}\r\n", name, value);
  MS_TRY_STATUS(connection_.send(request + "\r\n"));
  std::size_t head_end = std::string::npos;
  while ((head_end = received_.find("\r\n\r\n")) == std::string::npos) {
    MS_TRY(const bool goes_on, connection_.receive(received_));
    if (!goes_on || received_.size() > kHeadBytesMax) {
      return Error(ErrorCode::Unavailable, "the connection was closed without an answer");
    }
  }
  if (!received_.starts_with("HTTP/1.1 101")) {
    const std::string line = received_.substr(0, received_.find("\r\n"));
    return Error(ErrorCode::FailedPrecondition,
                 fmt::format("the server refused the socket: {}", line), "refused");
  }
  received_.erase(0, head_end + 4);
  connection_.set_deadline(steady_clock::time_point::max());
  return {};
}

Status WebSocket::send(std::string_view text) {
  return send_frame(Opcode::Text, text);
}

Status WebSocket::send_frame(Opcode opcode, std::string_view payload) {
  std::string frame;
  frame += static_cast<char>(kLastFrame | static_cast<unsigned>(opcode));
  const auto add_length = [&frame](std::size_t length, int bytes) {
    for (int i = bytes - 1; i >= 0; --i)
      frame += static_cast<char>((length >> static_cast<unsigned>(8 * i)) & 0xFFU);
  };
  if (payload.size() <= kShortLengthMax) {
    frame += static_cast<char>(kMasked | static_cast<unsigned>(payload.size()));
  } else if (payload.size() <= kMediumLengthMax) {
    frame += static_cast<char>(kMasked | 126U);
    add_length(payload.size(), 2);
  } else {
    frame += static_cast<char>(kMasked | 127U);
    add_length(payload.size(), 8);
  }
  const std::string mask = random_bytes(4);
  frame += mask;
  for (std::size_t i = 0; i < payload.size(); ++i)
    frame += static_cast<char>(payload[i] ^ mask[i % mask.size()]);
  return connection_.send(frame);
}

Result<bool> WebSocket::fill(std::size_t count) {
  while (received_.size() < count) {
    MS_TRY(const bool goes_on, connection_.receive(received_));
    if (!goes_on) return false;
  }
  return true;
}

Result<std::optional<WebSocket::Frame>> WebSocket::receive_frame() {
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(received_[i]); };
  MS_TRY(bool goes_on, fill(2));
  if (!goes_on) return std::optional<Frame>();
  Frame frame{.is_last = (byte(0) & kLastFrame) != 0,
              .opcode = static_cast<Opcode>(byte(0) & 0x0FU),
              .payload = {}};
  if ((byte(0) & 0x70U) != 0 || (byte(1) & kMasked) != 0) return not_a_web_socket();
  std::size_t length = byte(1);
  std::size_t head = 2;
  if (length > kShortLengthMax) {
    const std::size_t bytes = length == 126 ? 2 : 8;
    head += bytes;
    MS_TRY(goes_on, fill(head));
    if (!goes_on) return std::optional<Frame>();
    length = 0;
    for (std::size_t i = 2; i < head; ++i)
      length = (length << 8U) | byte(i);
  }
  if (length > kMessageBytesMax) return not_a_web_socket();
  MS_TRY(goes_on, fill(head + length));
  if (!goes_on) return std::optional<Frame>();
  frame.payload = received_.substr(head, length);
  received_.erase(0, head + length);
  return frame;
}

Result<std::optional<std::string>> WebSocket::receive() {
  std::string message;
  while (true) {
    MS_TRY(std::optional<Frame> frame, receive_frame());
    if (!frame) return std::optional<std::string>();
    switch (frame->opcode) {
      case Opcode::Text:
      case Opcode::Continuation:
        message += frame->payload;
        if (message.size() > kMessageBytesMax) return not_a_web_socket();
        if (frame->is_last) return message;
        break;
      case Opcode::Ping:
        MS_TRY_STATUS(send_frame(Opcode::Pong, frame->payload));
        break;
      case Opcode::Pong:
        break;
      case Opcode::Close:
        // The answer may come too late; the server closes either way.
        send_frame(Opcode::Close, frame->payload).ignore("the connection ends");
        return std::optional<std::string>();
      default:
        return not_a_web_socket();
    }
  }
}

}  // namespace moonstone::cli
