// Moonstone. Licence: see LICENSE.
// The reading half of a connection: heads, whole bodies, streamed bodies, and the watch for a peer
// that leaves. Each phase has one deadline on the same timer; a streamed body has its own.
#include <algorithm>

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/http/error.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "server/internal/http_connection_heavy.h"

namespace moonstone::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// A head usually fits; a body is read in larger steps.
constexpr std::size_t kHeadReadBytes = 2048;
constexpr std::size_t kBodyReadBytes = std::size_t{64} * 1024;
/// A buffer larger than this is given back between two requests.
constexpr std::size_t kIdleBufferBytes = std::size_t{4} * 1024;
/// Bytes of a chunk header with extensions, or of trailers, that the parser may ask us to hold.
constexpr std::size_t kChunkHeadBytesMax = std::size_t{8} * 1024;
/// What a refused peer may still send before we close: closing with unread bytes would reset the
/// connection, and an upload's sender might never see why. Costs CPU only.
constexpr std::size_t kLingerBytesMax = std::size_t{16} * 1024 * 1024;
/// Bytes of a streamed body that are read for nothing before its answer is there.
constexpr std::size_t kDiscardBytesMax = std::size_t{1024} * 1024;
/// A streamed body must bring so many bytes in each `body_timeout`: no minimum would let a peer
/// hold a connection for ever, a deadline for the whole would forbid large uploads.
constexpr std::size_t kTimedBytes = std::size_t{64} * 1024;

/// The function behind a Respond. Destroyed without a call, it answers 500.
class Answering {
 public:
  explicit Answering(std::shared_ptr<WayBack> way_back) : way_back_(std::move(way_back)) {}
  Answering(Answering&&) noexcept = default;
  Answering& operator=(Answering&&) = delete;
  ~Answering() {
    if (way_back_ != nullptr) {
      answer(text_response(500, "The request was dropped without an answer"));
    }
  }
  void operator()(protocol::HttpResponse response) {
    if (way_back_ != nullptr) answer(std::move(response));
  }

 private:
  void answer(protocol::HttpResponse response) {
    std::exchange(way_back_, nullptr)
        ->run([response = std::move(response)](HttpConnection& connection) mutable {
          connection.on_response(std::move(response));
        });
  }

  std::shared_ptr<WayBack> way_back_;  // shared with the connection
};

}  // namespace

HttpConnection::HttpConnection(Loop& loop, Peer peer)
    : loop_(loop), peer_(std::move(peer)), socket_(loop.io), timer_(loop.io) {}

void HttpConnection::start(Descriptor descriptor) {
  SystemError failure;
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
  request_id_.clear();
  if (buffer_.size() == 0 && buffer_.capacity() > kIdleBufferBytes) buffer_ = beast::flat_buffer();
  arm(is_first_ ? loop_.options.header_timeout : loop_.options.idle_timeout);
  is_first_ = false;
  on_head_bytes();
}

void HttpConnection::read_some(std::size_t bytes) {
  is_reading_ = true;
  socket_.async_read_some(buffer_.prepare(bytes),
                          [self = shared_from_this()](SystemError failure, std::size_t count) {
                            self->on_read(failure, count);
                          });
}

void HttpConnection::on_read(SystemError failure, std::size_t bytes) {
  is_reading_ = false;
  const bool is_streaming = incoming_ != nullptr;
  // A read that was running when a deadline struck is of no interest; the answer is on its way.
  if (phase_ == Phase::Closed || (phase_ == Phase::Writing && !is_streaming)) return;
  if (failure) return close();
  buffer_.commit(bytes);
  loop_.totals.bytes_in.fetch_add(bytes, std::memory_order_relaxed);
  if (is_streaming) return on_stream_bytes();
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
  parser_->body_limit(boost::none);  // the application says how the body is taken; see begin_body
  SystemError failure;
  parser_->put(asio::buffer(head.data(), head.size()), failure);
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
  // TLS ends at a proxy on this machine, whose word is taken.
  request_.encrypted = peer_.from_loopback &&
                       protocol::same_header_name(request_.header("X-Forwarded-Proto"), "https");
  keep_alive_ = message.keep_alive() && !loop_.is_draining;
  is_head_request_ = request_.method == "HEAD";
  is_upgrade_ = beast::websocket::is_upgrade(message);
  name_request();
  return std::nullopt;
}

void HttpConnection::name_request() {
  const std::string_view sent = request_.header("X-Request-Id");
  request_id_ =
      is_request_id(sent) ? std::string(sent) : loop_.request_ids.next(system_clock().unix_ms());
  request_.id = request_id_;
}

Refusal HttpConnection::too_large() const {
  return {413, fmt::format("the body is larger than {} bytes", loop_.options.body_bytes_max)};
}

void HttpConnection::begin_body() {
  const std::string_view expectation = request_.header("Expect");
  const bool expects = !expectation.empty() && !is_http10_ && !parser_->is_done();
  if (expects && !protocol::same_header_name(expectation, "100-continue")) {
    return refuse({417, "the only expectation understood is 100-continue"});
  }
  owes_continue_ = expects && buffer_.size() == 0;
  parser_->eager(true);
  if (!is_upgrade_ && loop_.application.body_mode(request_) == protocol::BodyMode::Stream) {
    return begin_stream();
  }
  if (parser_->is_done()) return dispatch();
  if (parser_->content_length().value_or(0) > loop_.options.body_bytes_max) {
    return refuse(too_large());
  }
  parser_->body_limit(loop_.options.body_bytes_max);
  phase_ = Phase::Body;
  arm(loop_.options.body_timeout);
  if (std::exchange(owes_continue_, false)) return write_interim();
  on_body_bytes();
}

std::optional<Refusal> HttpConnection::parse_body() {
  SystemError failure;
  while (buffer_.size() > 0 && !parser_->is_done() && !failure) {
    buffer_.consume(parser_->put(buffer_.data(), failure));
  }
  if (failure == http::error::body_limit) return too_large();
  if (failure && failure != http::error::need_more) {
    return Refusal{400, "the chunked body is malformed"};
  }
  if (!parser_->is_done() && buffer_.size() > kChunkHeadBytesMax) {
    return Refusal{400, "a chunk header or trailer is too long"};
  }
  return std::nullopt;
}

void HttpConnection::on_body_bytes() {
  if (const auto refusal = parse_body()) return refuse(*refusal);
  if (parser_->is_done()) return dispatch();
  read_some(kBodyReadBytes);
}

// ---- A streamed body -------------------------------------------------------------------------

void HttpConnection::begin_stream() {
  way_back_ = std::make_shared<WayBack>(shared_from_this(), loop_.io);
  incoming_ = std::make_shared<RequestBody>([way_back = way_back_] {
    way_back->run([](HttpConnection& connection) { connection.on_demand(); });
  });
  request_.stream = RequestBody::reader_of(incoming_);
  discarded_ = 0;
  // What is here already is handed over at once: most bodies are complete before they are read.
  if (const auto refusal = parse_body()) return cut_body(*refusal);
  static_cast<void>(hand_over());
  if (parser_->is_done()) std::exchange(incoming_, nullptr)->finish();
  dispatch();
}

void HttpConnection::on_demand() {
  if (incoming_ == nullptr || is_reading_) return;
  if (owes_continue_) {
    // Who has not been told to send does not; the answer that comes instead tells it why.
    if (phase_ != Phase::Handling || incoming_->is_released()) return;
    owes_continue_ = false;
    return write_interim();
  }
  on_stream_bytes();
}

RequestBody::Flow HttpConnection::hand_over() {
  std::string piece = std::exchange(parser_->get().body(), {});
  if (piece.empty()) {
    return incoming_->is_released() ? RequestBody::Flow::Discarded : RequestBody::Flow::Read;
  }
  const std::size_t bytes = piece.size();
  timed_bytes_ += bytes;
  const RequestBody::Flow flow = incoming_->push(std::move(piece));
  if (flow == RequestBody::Flow::Discarded) discarded_ += bytes;
  return flow;
}

void HttpConnection::on_stream_bytes() {
  const auto refusal = parse_body();
  const RequestBody::Flow flow = hand_over();
  if (refusal) return cut_body(*refusal);
  if (parser_->is_done()) {
    body_timer_.reset();
    std::exchange(incoming_, nullptr)->finish();
    return watch();
  }
  if (flow == RequestBody::Flow::Pause || discarded_ > kDiscardBytesMax) {
    return body_timer_.reset();
  }
  if (!body_timer_ || timed_bytes_ >= kTimedBytes) arm_body_timer();
  read_some(kBodyReadBytes);
}

void HttpConnection::arm_body_timer() {
  timed_bytes_ = 0;
  body_timer_.emplace(loop_.io);
  body_timer_->expires_after(loop_.options.body_timeout);
  body_timer_->async_wait(
      [self = shared_from_this(), deadline = body_timer_->expiry()](SystemError failure) {
        const bool is_current = self->body_timer_ && self->body_timer_->expiry() == deadline;
        if (!failure && is_current) self->on_body_timeout();
      });
}

void HttpConnection::on_body_timeout() {
  if (incoming_ != nullptr) cut_body({408, "the body took too long to arrive"});
}

/// Ends a streamed body before its end. Who has no answer yet gets this one.
void HttpConnection::cut_body(const Refusal& refusal) {
  body_timer_.reset();
  keep_alive_ = false;
  if (phase_ != Phase::Writing) static_cast<void>(gone_.request_stop());
  std::exchange(incoming_, nullptr)->fail(Error(ErrorCode::Cancelled, refusal.message, "body_cut"));
  if (phase_ != Phase::Writing) refuse(refusal);
}

// ---- While a request runs --------------------------------------------------------------------

void HttpConnection::dispatch() {
  phase_ = Phase::Handling;
  disarm();
  loop_.totals.requests.fetch_add(1);
  if (is_upgrade_) return upgrade();
  if (request_.stream == nullptr) {
    request_.body = std::move(parser_->get().body());
    way_back_ = std::make_shared<WayBack>(shared_from_this(), loop_.io);
  }
  gone_ = std::stop_source();
  request_.gone = gone_.get_token();
  loop_.application.handle(std::move(request_), protocol::Respond(Answering(way_back_)));
  if (phase_ == Phase::Handling) watch();
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
  auto begun = begin_upgrade(loop_, key);
  if (auto* refusal = std::get_if<protocol::HttpResponse>(&begun)) {
    loop_.totals.refused.fetch_add(1);
    return on_response(std::move(*refusal));
  }
  upgrade_ = std::get<std::unique_ptr<PendingUpgrade>>(std::move(begun));
  way_back_ = std::make_shared<WayBack>(shared_from_this(), loop_.io);
  loop_.application.accept(
      std::move(request_), upgrade_->sink(),
      [way_back = way_back_](protocol::Application::Acceptance acceptance) {
        way_back->run([acceptance = std::move(acceptance)](HttpConnection& connection) mutable {
          connection.on_acceptance(std::move(acceptance));
        });
      });
}

void HttpConnection::on_acceptance(protocol::Application::Acceptance acceptance) {
  if (phase_ != Phase::Handling) return;
  // Nobody would tell a socket that opens now to close.
  if (loop_.is_draining) acceptance = text_response(503, "Server is shutting down");
  if (auto* refusal = std::get_if<protocol::HttpResponse>(&acceptance)) {
    upgrade_.reset();
    loop_.totals.refused.fetch_add(1);
    return on_response(std::move(*refusal));
  }
  // The connection object ends with the upgrade; the descriptor lives on in the WebSocket.
  const std::unique_ptr<PendingUpgrade> upgrade = std::move(upgrade_);
  upgrade->start(std::get<std::unique_ptr<protocol::SocketSession>>(std::move(acceptance)),
                 take_descriptor());
}

/// Looks for the end of the stream without taking anything from it. The peer that has sent its next
/// request already is not watched any further: it is there.
void HttpConnection::watch() {
  if (is_watching_ || is_reading_ || incoming_ != nullptr || buffer_.size() > 0) return;
  is_watching_ = true;
  socket_.async_receive(asio::buffer(&watched_, 1), Socket::message_peek,
                        [self = shared_from_this()](SystemError failure, std::size_t /*bytes*/) {
                          self->on_watched(failure);
                        });
}

void HttpConnection::on_watched(SystemError failure) {
  is_watching_ = false;
  if (!failure || phase_ == Phase::Closed) return;
  // The answer has been sent meanwhile. The read that waits for the next request may never learn of
  // this: the reactor tells once, and this look has taken what it told.
  if (phase_ != Phase::Handling && phase_ != Phase::Writing) return close();
  // A peer that sends nothing more may still read (it closed one direction only), so the answer is
  // sent; whether work for it is worth while is the application's decision.
  if (failure == asio::error::eof) {
    keep_alive_ = false;
    gone_.request_stop();
    return;
  }
  close();
}

void HttpConnection::write_interim() {
  static constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";
  // So few bytes on an idle connection always fit; a peer for which they do not is as good as gone.
  socket_.async_write_some(asio::buffer(kContinue.data(), kContinue.size()),
                           [self = shared_from_this()](SystemError failure, std::size_t bytes) {
                             const bool is_streaming = self->incoming_ != nullptr;
                             if (self->phase_ != Phase::Body && !is_streaming) return;
                             if (failure || bytes != kContinue.size()) return self->close();
                             if (!is_streaming) return self->on_body_bytes();
                             if (!self->is_reading_) self->on_stream_bytes();
                           });
}

/// Closes our direction and waits for the peer's; see kLingerBytesMax.
void HttpConnection::linger() {
  phase_ = Phase::Lingering;
  arm(loop_.options.close_timeout);
  SystemError failure;
  socket_.shutdown(Socket::shutdown_send, failure);
  if (failure || loop_.is_draining) return close();
  if (!is_reading_) on_linger_bytes();
}

void HttpConnection::on_linger_bytes() {
  lingered_ += buffer_.size();
  buffer_.consume(buffer_.size());
  if (lingered_ > kLingerBytesMax) return close();
  read_some(kBodyReadBytes);
}

void serve_http(Loop& loop, Accepted accepted) {
  if (loop.is_draining) return;
  const auto connection = std::make_shared<HttpConnection>(loop, std::move(accepted.peer));
  connection->start(std::move(accepted.descriptor));
}

}  // namespace moonstone::server
