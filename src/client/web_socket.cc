// Moonstone. Licence: see LICENSE.
// One WebSocket on Asio and Beast, plain or over TLS: resolve, connect, shake hands, read for ever.
//
// Whoever holds a WebSocket: the session's host, and each operation that is under way. Once
// `events_` is null the operations run out without a word.
#include <chrono>
#include <deque>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/websocket/ssl.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "client/internal/web_socket_heavy.h"

namespace moonstone::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace ssl = boost::asio::ssl;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Tcp = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Tls = ssl::stream<Tcp>;
using Resolver = asio::ip::basic_resolver<asio::ip::tcp, Executor>;

/// A buffer that grew beyond this is given back, so that an idle socket stays small.
constexpr std::size_t kIdleBufferBytes = std::size_t{16} * 1024;
/// How long a goodbye may take.
constexpr std::chrono::seconds kCloseTimeout{5};
/// Of a refusal's body, for the message.
constexpr std::size_t kRefusalBytesMax = 200;

constexpr bool is_tls(const Tcp*) {
  return false;
}
constexpr bool is_tls(const Tls*) {
  return true;
}

/// What the server answered instead of opening the socket.
std::string refusal_text(const websocket::response_type& response) {
  std::string text = "the server refused the socket: HTTP " + std::to_string(response.result_int());
  text.append(" ").append(response.reason());
  std::string body = response.body().substr(0, kRefusalBytesMax);
  body.erase(std::min(body.find_first_of("\r\n"), body.size()));
  return body.empty() ? text : text + ": " + body;
}

template <class Stream>
class WebSocket final : public Socket, public std::enable_shared_from_this<WebSocket<Stream>> {
 public:
  template <class... Arguments>
  WebSocket(asio::io_context& io,
            const SocketRequest& request,
            SocketEvents& events,
            Arguments&... stream_arguments)
      : request_(request),
        events_(&events),
        resolver_(io),
        stream_(Stream(io, stream_arguments...)) {}

  void start() {
    error_code is_name;
    const auto address = asio::ip::make_address(request_.address.host, is_name);
    if (!is_name) {
      const auto port = static_cast<std::uint16_t>(std::stoi(request_.address.port));
      const asio::ip::tcp::endpoint endpoint(address, port);
      return tcp().async_connect(endpoint, handler(&WebSocket::on_connected));
    }
    resolver_.async_resolve(request_.address.host, request_.address.port,
                            asio::ip::resolver_base::numeric_service,
                            beast::bind_front_handler(&WebSocket::on_resolved, this->self()));
  }

  void send(std::string text) override {
    queue_.push_back(std::move(text));
    if (queue_.size() == 1) write_next();
  }

  void close() override {
    if (events_ == nullptr) return;
    events_ = nullptr;
    if (!is_open_) return end();
    stream_.async_close(websocket::close_code::normal,
                        [self = self()](error_code) { self->end(); });
  }

  void give_up() override {
    if (events_ == nullptr) return;
    events_ = nullptr;
    end();
  }

 private:
  [[nodiscard]] std::shared_ptr<WebSocket> self() { return this->shared_from_this(); }
  [[nodiscard]] Tcp& tcp() { return beast::get_lowest_layer(stream_); }

  /// A handler that keeps this alive; a failure ends everything.
  template <class Next>
  auto handler(Next next) {
    return [self = self(), next](error_code failure, auto&&...) {
      if (self->events_ == nullptr) return;
      if (failure == asio::error::eof) return self->fail("the connection was cut");
      if (failure) return self->fail(failure.message());
      ((*self).*next)();
    };
  }

  void on_resolved(error_code failure, const Resolver::results_type& endpoints) {
    if (events_ == nullptr) return;
    if (failure) return fail("cannot find " + request_.address.host + ": " + failure.message());
    asio::async_connect(tcp(), endpoints, handler(&WebSocket::on_connected));
  }

  void on_connected() {
    error_code ignored;
    tcp().set_option(asio::ip::tcp::no_delay(true), ignored);
    if constexpr (is_tls(static_cast<Stream*>(nullptr))) {
      Tls& tls = stream_.next_layer();
      const std::string& host = request_.address.host;
      error_code failure;
      tls.set_verify_mode(ssl::verify_peer, failure);
      if (!failure) tls.set_verify_callback(ssl::host_name_verification(host), failure);
      if (failure) return fail("TLS: " + failure.message());
      // An address is no name of a host (RFC 6066).
      error_code is_name;
      asio::ip::make_address(host, is_name);
      if (is_name) ::SSL_set_tlsext_host_name(tls.native_handle(), host.c_str());
      tls.async_handshake(ssl::stream_base::client, handler(&WebSocket::shake_hands));
    } else {
      shake_hands();
    }
  }

  void shake_hands() {
    // The session watches the time.
    stream_.set_option(websocket::stream_base::timeout{websocket::stream_base::none(),
                                                       websocket::stream_base::none(), false});
    stream_.set_option(websocket::stream_base::decorator(
        [&headers = request_.headers](websocket::request_type& request) {
          for (const auto& [name, value] : headers)
            request.set(name, value);
        }));
    stream_.read_message_max(request_.message_bytes_max);
    stream_.text(true);
    stream_.auto_fragment(false);
    stream_.async_handshake(response_, request_.address.authority(), request_.address.target,
                            beast::bind_front_handler(&WebSocket::on_hands_shaken, self()));
  }

  void on_hands_shaken(error_code failure) {
    if (events_ == nullptr) return;
    if (failure == websocket::error::upgrade_declined) return fail(refusal_text(response_));
    if (failure) return fail("no WebSocket at this address: " + failure.message());
    response_ = {};
    is_open_ = true;
    // Also for what Beast says to a peer that breaks the rules.
    stream_.set_option(
        websocket::stream_base::timeout{kCloseTimeout, websocket::stream_base::none(), false});
    events_->opened();
    if (events_ != nullptr) read_next();
  }

  void read_next() { stream_.async_read(buffer_, handler(&WebSocket::on_read)); }

  void on_read() {
    if (stream_.got_text()) {
      const auto data = buffer_.cdata();
      events_->received({static_cast<const char*>(data.data()), data.size()});
    }
    buffer_.consume(buffer_.size());
    if (buffer_.capacity() > kIdleBufferBytes) buffer_ = beast::flat_buffer();
    if (events_ != nullptr) read_next();
  }

  void write_next() {
    stream_.async_write(asio::buffer(queue_.front()), handler(&WebSocket::on_written));
  }

  void on_written() {
    queue_.pop_front();
    if (!queue_.empty()) write_next();
  }

  /// The reason that the server gave for closing, if there is one.
  std::string close_text() {
    const websocket::close_reason reason = stream_.reason();
    if (!reason) return {};
    std::string text = "the server closed the connection: " + std::to_string(reason.code);
    if (!reason.reason.empty()) text.append(" ").append(std::string_view(reason.reason));
    return text;
  }

  void fail(const std::string& what) {
    const std::string closed = is_open_ ? close_text() : std::string();
    SocketEvents* const events = std::exchange(events_, nullptr);
    end();
    events->lost(closed.empty() ? what : closed);
  }

  void end() {
    error_code ignored;
    resolver_.cancel();
    tcp().close(ignored);
  }

  const SocketRequest& request_;
  SocketEvents* events_;
  Resolver resolver_;
  websocket::stream<Stream, false> stream_;  // without compression
  websocket::response_type response_;
  beast::flat_buffer buffer_;
  std::deque<std::string> queue_;  // the first one is being written
  bool is_open_ = false;
};

/// A socket that could not even begin.
class FailedSocket final : public Socket {
 public:
  void send(std::string /*text*/) override {}
  void close() override { is_over = true; }
  void give_up() override { is_over = true; }
  bool is_over = false;
};

std::shared_ptr<Socket> fail_later(asio::io_context& io, std::string why, SocketEvents& events) {
  const auto socket = std::make_shared<FailedSocket>();
  asio::post(io, [socket, why = std::move(why), &events] {
    if (!socket->is_over) events.lost(why);
  });
  return socket;
}

}  // namespace

ssl::context* TlsContexts::find(const std::string& certificate_authorities, error_code& failure) {
  if (const auto found = by_file_.find(certificate_authorities); found != by_file_.end()) {
    return found->second.get();
  }
  auto context = std::make_unique<ssl::context>(ssl::context::tls_client);
  if (certificate_authorities.empty()) {
    context->set_default_verify_paths(failure);
  } else {
    context->load_verify_file(certificate_authorities, failure);
  }
  if (failure) return nullptr;
  return by_file_.emplace(certificate_authorities, std::move(context)).first->second.get();
}

std::shared_ptr<Socket> open_web_socket(asio::io_context& io,
                                        TlsContexts& contexts,
                                        const SocketRequest& request,
                                        SocketEvents& events) {
  if (request.address.security == Address::Security::Plain) {
    auto socket = std::make_shared<WebSocket<Tcp>>(io, request, events);
    socket->start();
    return socket;
  }
  error_code failure;
  ssl::context* const context = contexts.find(request.certificate_authorities, failure);
  if (context == nullptr) {
    return fail_later(io, "cannot read the certificate authorities: " + failure.message(), events);
  }
  auto socket = std::make_shared<WebSocket<Tls>>(io, request, events, *context);
  socket->start();
  return socket;
}

}  // namespace moonstone::client
