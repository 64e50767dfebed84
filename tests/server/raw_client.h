// Moonstone. Licence: see LICENSE.
#pragma once
// A client on a plain socket, which can say whatever it likes, and a small application to say it
// to.
//
// Reads block until the bytes are there; a generous timeout turns a hang into a failed test.
// Threads: a RawClient is confined; TestApplication is synchronised.

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/transport.h"

namespace moonstone::server::testing {

struct RawFrame {
  int opcode = 0;
  std::string payload;

  /// The code of a close frame; 0 if it has none.
  [[nodiscard]] int close_code() const;
};

struct RawResponse {
  int status = 0;
  std::string head;
  std::string body;
};

class RawClient {
 public:
  explicit RawClient(std::uint16_t port);
  RawClient(RawClient&& other) noexcept;
  RawClient& operator=(RawClient&&) = delete;
  ~RawClient();

  void send(std::string_view bytes);
  void shutdown_send();
  /// Closes with a reset instead of a goodbye.
  void reset();
  /// The next response; `method` decides whether a body follows. Status 0 at the end of the stream.
  [[nodiscard]] RawResponse response(std::string_view method = "GET");
  /// Everything up to the end of the stream.
  [[nodiscard]] std::string rest();
  [[nodiscard]] bool is_at_end() { return rest().empty(); }

  /// Upgrades; returns the status.
  [[nodiscard]] int upgrade(std::string_view path = "/ws", std::string_view extra_headers = "");
  void send_frame(int first_byte, std::string_view payload);
  void send_text(std::string_view text) { send_frame(0x81, text); }
  /// The next frame; nothing at the end of the stream.
  [[nodiscard]] std::optional<RawFrame> frame();
  /// Frames up to a close frame; its code, 0 if the stream ended without one.
  [[nodiscard]] int read_close_code();

 private:
  [[nodiscard]] bool fill();
  [[nodiscard]] bool need(std::size_t bytes);

  int fd_ = -1;
  std::string buffer_;
};

/// The bytes of a frame as a client sends it, masked.
[[nodiscard]] std::string masked_frame(int first_byte, std::string_view payload);

/// A condition that other threads fulfil.
class Signal {
 public:
  void raise();
  /// False after a generous timeout.
  [[nodiscard]] bool wait(int count = 1);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int raised_ = 0;
};

/// Echoes requests as text and frames as frames. Paths: `/echo` (method, path, query, body),
/// `/hold` (kept until answered by the test), `/drop` (never answered), `/big` (a megabyte),
/// `/split` (a header that would split the response); else 404. WebSockets on `/ws`, and on
/// `/ws/hold` once the test says so.
class TestApplication final : public protocol::Application {
 public:
  void handle(protocol::HttpRequest request, protocol::Respond respond) override;
  void accept(protocol::HttpRequest request, protocol::SocketSinkPtr sink, Decide decide) override;

  /// The answer of the oldest request to `/hold`, waited for.
  [[nodiscard]] protocol::Respond take_held();
  /// Accepts the oldest socket of `/ws/hold` when it is called; waited for.
  [[nodiscard]] std::move_only_function<void()> take_decision();
  /// The sink of the oldest socket, waited for.
  [[nodiscard]] protocol::SocketSinkPtr take_sink();

  Signal opened;
  Signal writable;
  Signal closed;

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<protocol::Respond> held_;
  std::vector<protocol::SocketSinkPtr> sinks_;
  std::vector<std::move_only_function<void()>> decisions_;
};

[[nodiscard]] protocol::Frame frame_of(std::string text);

}  // namespace moonstone::server::testing
