// Moonstone. Licence: see LICENSE.
// The writing half of a connection: answers, whole or streamed, deadlines, and the end.
#include <algorithm>
#include <array>

#include <boost/asio/buffer.hpp>
#include <boost/asio/socket_base.hpp>
#include <fmt/format.h>

#include "base/clock.h"
#include "server/internal/http_connection_heavy.h"

namespace moonstone::server {
namespace {

namespace asio = boost::asio;

bool has_header(const protocol::HttpResponse& response, std::string_view name) {
  return std::ranges::any_of(response.headers, [name](const protocol::Header& header) {
    return protocol::same_header_name(header.name, name);
  });
}

}  // namespace

void HttpConnection::on_response(protocol::HttpResponse response) {
  if (phase_ != Phase::Handling) return;
  phase_ = Phase::Writing;
  // The rest of a body that was not waited for would be taken for the next request.
  if (loop_.is_draining || incoming_ != nullptr) keep_alive_ = false;
  const bool sends_body = !is_head_request_ && has_body(response.status);
  BodyFraming framing =
      framing_of(response, is_http10_ ? HttpVersion::Http10 : HttpVersion::Http11);
  if (framing == BodyFraming::UntilClose && sends_body) keep_alive_ = false;
  if (!request_id_.empty() && !has_header(response, "X-Request-Id")) {
    response.headers.push_back({"X-Request-Id", request_id_});
  }
  ConnectionHeader connection = is_http10_ ? ConnectionHeader::KeepAlive : ConnectionHeader::None;
  if (!keep_alive_) connection = ConnectionHeader::Close;
  const std::int64_t now = system_clock().unix_ms();
  auto head = render_head(response, framing, connection, now);
  if (!head.has_value()) {
    loop_.logger.log(LogLevel::Error, "server", "invalid_response", {{"request", request_id_}});
    response = text_response(500, "The response has a header that cannot be sent");
    framing = BodyFraming::Length;
    head = render_head(response, framing, connection, now);
  }
  head_ = std::move(head).value_or("");
  body_ = sends_body ? std::move(response.body) : "";
  written_ = 0;
  if (sends_body && response.stream != nullptr) {
    outgoing_ = Outgoing{.reader = std::move(response.stream),
                         .framing = framing,
                         .bytes_left = response.stream_bytes.value_or(0)};
  }
  write_some();
}

void HttpConnection::refuse(const Refusal& refusal) {
  loop_.totals.refused.fetch_add(1);
  keep_alive_ = false;
  is_head_request_ = false;
  phase_ = Phase::Handling;
  on_response(text_response(refusal.status, refusal.message));
}

void HttpConnection::write_some() {
  // The deadline is for progress, not for the whole response: a slow line may take its time.
  arm(loop_.options.body_timeout);
  const std::size_t of_head = std::min(written_, head_.size());
  const std::size_t of_body = written_ - of_head;
  const std::array<asio::const_buffer, 2> rest = {
      asio::buffer(head_.data() + of_head, head_.size() - of_head),
      asio::buffer(body_.data() + of_body, body_.size() - of_body)};
  socket_.async_write_some(
      rest, [self = shared_from_this()](SystemError failure, std::size_t bytes) {
        if (self->phase_ != Phase::Writing) return;
        if (failure) return self->close();
        self->written_ += bytes;
        self->loop_.totals.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
        self->on_some_written();
      });
}

void HttpConnection::on_some_written() {
  if (written_ < head_.size() + body_.size()) return write_some();
  if (outgoing_) return ask_piece();
  on_written();
}

void HttpConnection::ask_piece() {
  head_.clear();
  body_.clear();
  written_ = 0;
  if (outgoing_->framing == BodyFraming::Length && outgoing_->bytes_left == 0) {
    outgoing_.reset();
    return on_written();
  }
  disarm();  // whoever makes the bytes may take its time
  watch();
  const protocol::BodyReaderPtr reader = outgoing_->reader;
  reader->read([way_back = way_back_](Result<std::string> piece) {
    way_back->run([piece = std::move(piece)](HttpConnection& connection) mutable {
      connection.on_piece(std::move(piece));
    });
  });
}

void HttpConnection::on_piece(Result<std::string> piece) {
  if (phase_ != Phase::Writing || !outgoing_) return;
  const BodyFraming framing = outgoing_->framing;
  const bool is_end = piece && piece->empty();
  const bool lies =
      piece && framing == BodyFraming::Length && (is_end || piece->size() > outgoing_->bytes_left);
  if (!piece || lies) {
    loop_.logger.log(
        LogLevel::Warn, "server", "answer_cut",
        {{"request", request_id_},
         {"error", piece ? "the stream is not as long as it said" : piece.error().message()}});
    // Where the end of the connection is the end of the body, only a reset tells a part from all.
    return close(framing == BodyFraming::UntilClose ? Goodbye::Reset : Goodbye::Usual);
  }
  if (is_end) {
    outgoing_.reset();
    if (framing == BodyFraming::UntilClose) return on_written();
    head_ = "0\r\n\r\n";
    return write_some();
  }
  body_ = *std::move(piece);
  if (framing == BodyFraming::Length) outgoing_->bytes_left -= body_.size();
  if (framing == BodyFraming::Chunked) {
    head_ = fmt::format("{:x}\r\n", body_.size());
    body_ += "\r\n";
  }
  write_some();
}

void HttpConnection::on_written() {
  head_ = std::string();
  body_ = std::string();
  end_request();
  if (keep_alive_ && !loop_.is_draining) return next_request();
  linger();
}

/// Nobody owes anything to the request any more, nor it to anybody.
void HttpConnection::end_request() {
  if (way_back_ != nullptr) std::exchange(way_back_, nullptr)->abandon();
  gone_ = std::stop_source(std::nostopstate);
  outgoing_.reset();
  body_timer_.reset();
  if (incoming_ == nullptr) return;
  std::exchange(incoming_, nullptr)
      ->fail(Error(ErrorCode::Cancelled, "the request is answered", "body_cut"));
}

// ---- Time and end ----------------------------------------------------------------------------

void HttpConnection::arm(std::chrono::milliseconds timeout) {
  timer_.expires_after(timeout);
  timer_.async_wait([self = shared_from_this()](SystemError failure) {
    // A timer that was armed again meanwhile may still deliver its old expiry.
    const bool is_current = self->timer_.expiry() <= std::chrono::steady_clock::now();
    if (!failure && is_current) self->on_timeout();
  });
}

void HttpConnection::disarm() {
  timer_.expires_at(Timer::time_point::max());
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
  SystemError failure;
  Descriptor descriptor(socket_.release(failure));
  leave();
  return descriptor;
}

void HttpConnection::leave() {
  phase_ = Phase::Closed;
  disarm();
  upgrade_.reset();
  loop_.connections.erase(this);
  loop_.totals.connections.fetch_sub(1);
  // From here on others' code runs; it finds a connection that is closed.
  static_cast<void>(gone_.request_stop());
  if (incoming_ != nullptr) {
    std::exchange(incoming_, nullptr)
        ->fail(Error(ErrorCode::Cancelled, "the connection was lost", "connection_lost"));
  }
  end_request();
}

void HttpConnection::close(Goodbye goodbye) {
  if (phase_ == Phase::Closed) return;
  const auto self = shared_from_this();  // while an answer is awaited, only the way back holds us
  SystemError ignored;
  if (goodbye == Goodbye::Reset) {
    socket_.set_option(asio::socket_base::linger(true, 0), ignored);
  }
  socket_.close(ignored);
  leave();
}

}  // namespace moonstone::server
