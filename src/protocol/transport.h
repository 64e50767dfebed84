// Moonstone. Licence: see LICENSE.
#pragma once
// What protocols and the server say to each other: requests, responses, frames and sockets, without
// any networking library. The server listens and moves bytes; an Application decides what they
// mean. Threads: said at each type.

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/byte_stream.h"
#include "base/result.h"

namespace moonstone::protocol {

struct Header {
  std::string name;  // as sent; compare ignoring case
  std::string value;
};

/// Whether two header names are the same, ignoring the case of ASCII letters.
[[nodiscard]] bool same_header_name(std::string_view a, std::string_view b);

/// The bytes of a body, whoever sends them.
using BodyReader = ByteStream;
using BodyReaderPtr = ByteStreamPtr;

/// Reads all that is left, at most `bytes_max` (else LimitExceeded, reason "body_bytes").
inline void read_whole_body(BodyReaderPtr body, std::size_t bytes_max, BodyReader::Done done) {
  read_all(std::move(body), bytes_max, std::move(done));
}

struct HttpRequest {
  std::string method;  // upper case
  std::string path;    // decoded, begins with '/', no dot segments, no U+0000
  std::string query;   // raw, without '?'
  std::vector<Header> headers;
  std::string body;
  /// Set instead of `body` where the application asked for it; see Application::body_mode.
  BodyReaderPtr stream = nullptr;
  std::string remote_address;
  bool from_loopback = false;
  bool encrypted = false;  // arrived over TLS
  std::string id;          // of this request, for logs and answers; never empty
  /// Stops when the connection is lost before the answer was sent in full.
  std::stop_token gone = {};

  /// The first header of that name, or empty.
  [[nodiscard]] std::string_view header(std::string_view name) const;
};

struct HttpResponse {
  int status = 200;
  std::vector<Header> headers = {};  // without Content-Length, Date and Connection
  std::string body = {};
  /// Set instead of `body`: the rest of the answer, read as fast as the connection takes it. A
  /// failing read cuts the connection off, so that nobody takes a part for the whole.
  BodyReaderPtr stream = nullptr;
  std::optional<std::uint64_t> stream_bytes =
      std::nullopt;  // its length if known; else it is sent in chunks
};

/// Must be called exactly once, from any thread.
using Respond = std::move_only_function<void(HttpResponse)>;

/// One text frame, as parts that are written in order. Parts may be shared between connections.
using Frame = std::vector<std::shared_ptr<const std::string>>;

/// WebSocket close codes that we send.
enum class CloseCode : std::uint16_t {
  GoingAway = 1001,        // the server shuts down
  PolicyViolation = 1008,  // a slow consumer, or a forbidden origin
  TooBig = 1009,
  InternalError = 1011,
};

/// One open socket, seen from the protocol. Synchronised: any thread may call.
class SocketSink {
 public:
  virtual ~SocketSink() = default;
  /// Queues a frame. Frames go out in the order of the calls.
  virtual void send(Frame frame) = 0;
  /// The same for a frame that nobody has asked for just now: what is sent on other sockets may
  /// overtake it. Many of them in a row cost their receivers' threads few wake-ups.
  virtual void push(Frame frame) { send(std::move(frame)); }
  /// Bytes queued but not yet written.
  [[nodiscard]] virtual std::size_t queued_bytes() const = 0;
  /// Sends what is queued, then closes.
  virtual void close(CloseCode code, std::string_view reason) = 0;
};
using SocketSinkPtr =
    std::shared_ptr<SocketSink>;  // held by the session and the server's connection

/// One open socket, seen from the server. Calls come one at a time, in order.
class SocketSession {
 public:
  virtual ~SocketSession() = default;
  virtual void on_text(std::string_view text) = 0;
  /// The queue fell below its low-water mark after having been above the high-water mark.
  virtual void on_writable() = 0;
  /// The last call; the session may be destroyed afterwards.
  virtual void on_closed() = 0;
};

/// How a request's body reaches the application.
enum class BodyMode : unsigned char {
  Whole,   // in HttpRequest::body; larger ones than the server's limit are refused with 413
  Stream,  // in HttpRequest::stream, without a limit of the server's
};

class Application {
 public:
  virtual ~Application() = default;
  /// Asked when the head of a request is complete; `head` has neither body nor stream yet.
  [[nodiscard]] virtual BodyMode body_mode(const HttpRequest& /*head*/) { return BodyMode::Whole; }
  /// Answers a request, now or later. Must not block.
  virtual void handle(HttpRequest request, Respond respond) = 0;
  /// Decides on a WebSocket upgrade, now or later: a session, or a refusal. `decide` must be called
  /// exactly once, from any thread. Must not block.
  using Acceptance = std::variant<std::unique_ptr<SocketSession>, HttpResponse>;
  using Decide = std::move_only_function<void(Acceptance)>;
  virtual void accept(HttpRequest request, SocketSinkPtr sink, Decide decide) = 0;
};

}  // namespace moonstone::protocol
