// Moonstone. Licence: see LICENSE.
// One HTTP/1.1 connection: reads a request, hands it to the Application, writes the answer, again.
//
// The head is taken from the buffer as a whole, judged as raw text (http_text.h), then parsed by
// Beast. One request runs at a time, so pipelined answers are in order by construction, and nothing
// is read from the socket meanwhile. Each phase has one deadline on the same timer.
#include <algorithm>
#include <array>
#include <mutex>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "server/connection.h"
#include "server/http_text.h"

namespace moonstone::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         Executor>;
using Parser = http::request_parser<http::string_body>;

/// A head usually fits; a body is read in larger steps.
constexpr std::size_t kHeadReadBytes = 2048;
constexpr std::size_t kBodyReadBytes = std::size_t{64} * 1024;
/// A buffer larger than this is given back between two requests.
constexpr std::size_t kIdleBufferBytes = std::size_t{4} * 1024;
/// Bytes of a chunk header with extensions, or of trailers, that the parser may ask us to hold.
constexpr std::size_t kChunkHeadBytesMax = std::size_t{8} * 1024;
/// What a refused peer may still send before we close; so much of a body it sends on its own.
constexpr std::size_t kLingerBytesMax = std::size_t{1024} * 1024;

class HttpConnection;

/// Carries the answer of one request from any thread to its connection. The mutex orders an answer
/// against the end of the connection: while `connection_` is set, its loop exists.
class Exchange {
 public:
  Exchange(std::shared_ptr<HttpConnection> connection, asio::io_context& io)
      : connection_(std::move(connection)), work_(io.get_executor()) {}

  void answer(protocol::HttpResponse response);
  /// The connection is gone: answers have nowhere to go.
  void abandon() {
    std::shared_ptr<HttpConnection> last;  // destroyed outside the lock
    const std::scoped_lock lock(mutex_);
    last.swap(connection_);
    work_.reset();
  }

 private:
  std::mutex mutex_;
  std::shared_ptr<HttpConnection> connection_;  // reset by the answer and by the close
  asio::executor_work_guard<Executor> work_;    // a loop does not end while an answer is awaited
};

/// The function behind a Respond. Destroyed without a call, it answers 500.
class Answering {
 public:
  explicit Answering(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  Answering(Answering&&) noexcept = default;
  Answering& operator=(Answering&&) = delete;
  ~Answering() {
    if (exchange_ != nullptr) {
      exchange_->answer(text_response(500, "The request was dropped without an answer"));
    }
  }
  void operator()(protocol::HttpResponse response) {
    if (exchange_ != nullptr) std::exchange(exchange_, nullptr)->answer(std::move(response));
  }

 private:
  std::shared_ptr<Exchange> exchange_;  // shared with the connection
};

class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Loop& loop, Peer peer)
      : loop_(loop), peer_(std::move(peer)), socket_(loop.io), timer_(loop.io) {}

  void start(Descriptor descriptor);
  void drain() override;
  void abort() override { close(); }
  void on_response(protocol::HttpResponse response);
  [[nodiscard]] asio::io_context& io() { return loop_.io; }

 private:
  enum class Phase : unsigned char { Idle, Head, Body, Handling, Writing, Lingering, Closed };

  // Reading.
  void next_request();
  void read_some(std::size_t bytes);
  void on_read(error_code failure, std::size_t bytes);
  void on_head_bytes();
  [[nodiscard]] std::optional<Refusal> on_head(std::string_view head);
  [[nodiscard]] std::optional<Refusal> fill_request();
  void begin_body();
  void on_body_bytes();
  void on_linger_bytes();
  // Answering.
  void dispatch();
  void upgrade();
  void refuse(const Refusal& refusal);
  void write_interim();
  void write_some();
  void on_written();
  void linger();
  // Time and end.
  void arm(std::chrono::milliseconds timeout);
  void on_timeout();
  [[nodiscard]] Descriptor take_descriptor();
  void leave();
  void close();

  [[nodiscard]] std::string_view unread() const {
    const auto data = buffer_.data();
    return {static_cast<const char*>(data.data()), data.size()};
  }

  Loop& loop_;
  Peer peer_;
  Socket socket_;
  Timer timer_;
  beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  protocol::HttpRequest request_;
  std::shared_ptr<Exchange> exchange_;  // shared with the Respond of the running request
  std::string head_;                    // of the response
  std::string body_;                    // of the response
  std::size_t written_ = 0;             // of head_ and body_ together
  std::size_t scanned_ = 0;             // bytes of the buffer known to hold no end of a head
  std::size_t lingered_ = 0;
  Phase phase_ = Phase::Idle;
  bool is_first_ = true;
  bool is_reading_ = false;
  bool keep_alive_ = false;
  bool is_http10_ = false;
  bool is_head_request_ = false;
  bool is_upgrade_ = false;
};

void Exchange::answer(protocol::HttpResponse response) {
  const std::scoped_lock lock(mutex_);
  if (connection_ == nullptr) return;
  asio::io_context& io = connection_->io();
  asio::post(io, [connection = std::move(connection_), response = std::move(response)]() mutable {
    connection->on_response(std::move(response));
  });
  work_.reset();
}

void HttpConnection::start(Descriptor descriptor) {
  error_code failure;
  const auto family = peer_.is_v6 ? asio::ip::tcp::v6() : asio::ip::tcp::v4();
  socket_.assign(family, descriptor.get(), failure);
  if (failure) return;
  static_cast<void>(descriptor.release());
  loop_.connections.insert(this);
  loop_.totals.connections.fetch_add(1);
  next_request();
}

void HttpConnection::next_request() {
  phase_ = Phase::Idle;
  scanned_ = 0;
  parser_.reset();
  if (buffer_.size() == 0 && buffer_.capacity() > kIdleBufferBytes) buffer_ = beast::flat_buffer();
  arm(is_first_ ? loop_.options.header_timeout : loop_.options.idle_timeout);
  is_first_ = false;
  on_head_bytes();
}

void HttpConnection::read_some(std::size_t bytes) {
  is_reading_ = true;
  socket_.async_read_some(buffer_.prepare(bytes),
                          [self = shared_from_this()](error_code failure, std::size_t count) {
                            self->on_read(failure, count);
                          });
}

void HttpConnection::on_read(error_code failure, std::size_t bytes) {
  is_reading_ = false;
  // A read that was running when a deadline struck is of no interest; the answer is on its way.
  if (phase_ == Phase::Closed || phase_ == Phase::Writing) return;
  if (failure) return close();
  buffer_.commit(bytes);
  if (phase_ == Phase::Body) return on_body_bytes();
  if (phase_ == Phase::Lingering) return on_linger_bytes();
  on_head_bytes();
}

void HttpConnection::on_head_bytes() {
  // Empty lines before a request line are allowed (RFC 9112, 2.2).
  while (unread().starts_with("\r\n"))
    buffer_.consume(2);
  const std::string_view bytes = unread();
  if (bytes.empty() || bytes == "\r") return read_some(kHeadReadBytes);
  if (phase_ == Phase::Idle) {
    phase_ = Phase::Head;
    arm(loop_.options.header_timeout);
  }
  if (bytes.front() < 'A' || bytes.front() > 'Z') {
    return refuse({400, "this port speaks HTTP/1.1 without TLS; the request does not"});
  }
  const std::size_t end = bytes.find("\r\n\r\n", scanned_);
  const std::size_t head_bytes = end == std::string_view::npos ? bytes.size() : end + 4;
  if (head_bytes > loop_.options.header_bytes_max) {
    return refuse(
        {431, fmt::format("the head is larger than {} bytes", loop_.options.header_bytes_max)});
  }
  if (end == std::string_view::npos) {
    scanned_ = bytes.size() - std::min<std::size_t>(bytes.size(), 3);
    return read_some(kHeadReadBytes);
  }
  if (const auto refusal = on_head(bytes.substr(0, head_bytes))) return refuse(*refusal);
  buffer_.consume(head_bytes);
  begin_body();
}

std::optional<Refusal> HttpConnection::on_head(std::string_view head) {
  if (auto refusal = check_head(head)) return refusal;
  parser_.emplace();
  parser_->header_limit(static_cast<std::uint32_t>(loop_.options.header_bytes_max));
  parser_->body_limit(loop_.options.body_bytes_max);
  error_code failure;
  parser_->put(asio::buffer(head.data(), head.size()), failure);
  if (failure == http::error::body_limit) {
    return Refusal{413,
                   fmt::format("the body is larger than {} bytes", loop_.options.body_bytes_max)};
  }
  if ((failure && failure != http::error::need_more) || !parser_->is_header_done()) {
    return Refusal{400, "the head is not well-formed HTTP/1.1"};
  }
  return fill_request();
}

std::optional<Refusal> HttpConnection::fill_request() {
  const auto& message = parser_->get();
  request_ = {};
  request_.method = message.method_string();
  for (const auto& field : message) {
    request_.headers.push_back(
        {.name = std::string(field.name_string()), .value = std::string(field.value())});
  }
  is_http10_ = message.version() < 11;
  const auto version = is_http10_ ? HttpVersion::Http10 : HttpVersion::Http11;
  if (auto refusal = check_fields(request_.headers, version)) return refusal;
  if (std::ranges::any_of(request_.method, [](char c) { return c >= 'a' && c <= 'z'; })) {
    return Refusal{400, "methods are written in upper case"};
  }
  auto target = parse_target(request_.method, std::string_view(message.target()));
  if (!target) return Refusal{400, target.error().message()};
  request_.path = std::move(target->path);
  request_.query = std::move(target->query);
  request_.remote_address = peer_.address;
  request_.from_loopback = peer_.from_loopback;
  keep_alive_ = message.keep_alive() && !loop_.is_draining;
  is_head_request_ = request_.method == "HEAD";
  is_upgrade_ = beast::websocket::is_upgrade(message);
  return std::nullopt;
}

void HttpConnection::begin_body() {
  if (parser_->is_done()) return dispatch();
  phase_ = Phase::Body;
  arm(loop_.options.body_timeout);
  parser_->eager(true);
  const std::string_view expectation = request_.header("Expect");
  if (!expectation.empty() && !is_http10_) {
    if (!protocol::same_header_name(expectation, "100-continue")) {
      return refuse({417, "the only expectation understood is 100-continue"});
    }
    if (buffer_.size() == 0) return write_interim();
  }
  on_body_bytes();
}

void HttpConnection::on_body_bytes() {
  error_code failure;
  while (buffer_.size() > 0 && !parser_->is_done() && !failure) {
    buffer_.consume(parser_->put(buffer_.data(), failure));
  }
  if (failure == http::error::body_limit) {
    return refuse(
        {413, fmt::format("the body is larger than {} bytes", loop_.options.body_bytes_max)});
  }
  if (failure && failure != http::error::need_more) {
    return refuse({400, "the chunked body is malformed"});
  }
  if (parser_->is_done()) return dispatch();
  if (buffer_.size() > kChunkHeadBytesMax) {
    return refuse({400, "a chunk header or trailer is too long"});
  }
  read_some(kBodyReadBytes);
}

void HttpConnection::dispatch() {
  phase_ = Phase::Handling;
  timer_.cancel();
  loop_.totals.requests.fetch_add(1);
  request_.body = std::move(parser_->get().body());
  if (is_upgrade_) return upgrade();
  exchange_ = std::make_shared<Exchange>(shared_from_this(), loop_.io);
  loop_.application.handle(std::move(request_), protocol::Respond(Answering(exchange_)));
}

void HttpConnection::upgrade() {
  const auto& message = parser_->get();
  const std::string key(message[http::field::sec_websocket_key]);
  if (message[http::field::sec_websocket_version] != "13") {
    auto response = text_response(426, "WebSocket version 13 is the only one understood");
    response.headers.push_back({"Sec-WebSocket-Version", "13"});
    return on_response(std::move(response));
  }
  if (key.empty() || buffer_.size() > 0) {
    keep_alive_ = false;
    return on_response(text_response(400, key.empty()
                                              ? "Sec-WebSocket-Key is missing"
                                              : "Data was sent before the upgrade was answered"));
  }
  // The connection object ends with the upgrade; the descriptor lives on in the WebSocket.
  auto refusal = try_upgrade(loop_, request_, key, [this] { return take_descriptor(); });
  if (refusal.has_value()) on_response(std::move(*refusal));
}

void HttpConnection::on_response(protocol::HttpResponse response) {
  if (phase_ != Phase::Handling) return;
  if (exchange_ != nullptr) exchange_->abandon();
  exchange_.reset();
  phase_ = Phase::Writing;
  if (loop_.is_draining) keep_alive_ = false;
  ConnectionHeader connection = is_http10_ ? ConnectionHeader::KeepAlive : ConnectionHeader::None;
  if (!keep_alive_) connection = ConnectionHeader::Close;
  const std::int64_t now = system_clock().unix_ms();
  auto head = render_head(response, connection, now);
  if (!head.has_value()) {
    loop_.logger.log(LogLevel::Error, "server", "invalid_response", {});
    response = text_response(500, "The response has a header that cannot be sent");
    head = render_head(response, connection, now);
  }
  head_ = std::move(head).value_or("");
  body_ = is_head_request_ || !has_body(response.status) ? "" : std::move(response.body);
  written_ = 0;
  write_some();
}

void HttpConnection::refuse(const Refusal& refusal) {
  loop_.totals.refused.fetch_add(1);
  keep_alive_ = false;
  is_head_request_ = false;
  phase_ = Phase::Handling;
  on_response(text_response(refusal.status, refusal.message));
}

void HttpConnection::write_interim() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  // So few bytes on an idle connection always fit; a peer for which they do not is as good as gone.
  socket_.async_write_some(asio::buffer(kContinue.data(), kContinue.size()),
                           [self = shared_from_this()](error_code failure, std::size_t bytes) {
                             if (self->phase_ != Phase::Body) return;
                             if (failure || bytes != kContinue.size()) return self->close();
                             self->on_body_bytes();
                           });
}

void HttpConnection::write_some() {
  // The deadline is for progress, not for the whole response: a slow line may take its time.
  arm(loop_.options.body_timeout);
  const std::size_t of_head = std::min(written_, head_.size());
  const std::size_t of_body = written_ - of_head;
  const std::array<asio::const_buffer, 2> rest = {
      asio::buffer(head_.data() + of_head, head_.size() - of_head),
      asio::buffer(body_.data() + of_body, body_.size() - of_body)};
  socket_.async_write_some(rest,
                           [self = shared_from_this()](error_code failure, std::size_t bytes) {
                             if (self->phase_ != Phase::Writing) return;
                             if (failure) return self->close();
                             self->written_ += bytes;
                             if (self->written_ < self->head_.size() + self->body_.size())
                               return self->write_some();
                             self->on_written();
                           });
}

void HttpConnection::on_written() {
  head_ = std::string();
  body_ = std::string();
  if (keep_alive_ && !loop_.is_draining) return next_request();
  linger();
}

/// Closes our direction and waits for the peer's: closing with unread bytes would reset the
/// connection, and the peer might lose the response that explains why.
void HttpConnection::linger() {
  phase_ = Phase::Lingering;
  arm(loop_.options.close_timeout);
  error_code failure;
  socket_.shutdown(Socket::shutdown_send, failure);
  if (failure || loop_.is_draining) return close();
  if (!is_reading_) on_linger_bytes();
}

void HttpConnection::on_linger_bytes() {
  lingered_ += buffer_.size();
  buffer_.consume(buffer_.size());
  if (lingered_ > kLingerBytesMax) return close();
  read_some(kHeadReadBytes);
}

void HttpConnection::arm(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this()](error_code failure) {
    // A timer that was armed again meanwhile may still deliver its old expiry.
    const bool is_current = self->timer_.expiry() <= std::chrono::steady_clock::now();
    if (!failure && is_current) self->on_timeout();
  });
}

void HttpConnection::on_timeout() {
  if (phase_ == Phase::Head || phase_ == Phase::Body) {
    // The read that is still running ends with the connection.
    return refuse({408, "the request took too long to arrive"});
  }
  if (phase_ != Phase::Handling) close();
}

void HttpConnection::drain() {
  const bool is_busy =
      phase_ == Phase::Body || phase_ == Phase::Handling || phase_ == Phase::Writing;
  if (!is_busy) close();
}

Descriptor HttpConnection::take_descriptor() {
  error_code failure;
  Descriptor descriptor(socket_.release(failure));
  leave();
  return descriptor;
}

void HttpConnection::leave() {
  phase_ = Phase::Closed;
  timer_.cancel();
  if (exchange_ != nullptr) exchange_->abandon();
  exchange_.reset();
  loop_.connections.erase(this);
  loop_.totals.connections.fetch_sub(1);
}

void HttpConnection::close() {
  if (phase_ == Phase::Closed) return;
  const auto self = shared_from_this();  // while an answer is awaited, only the exchange holds us
  error_code ignored;
  socket_.close(ignored);
  leave();
}

}  // namespace

void serve_http(Loop& loop, Accepted accepted) {
  if (loop.is_draining) return;
  const auto connection = std::make_shared<HttpConnection>(loop, std::move(accepted.peer));
  connection->start(std::move(accepted.descriptor));
}

}  // namespace moonstone::server
