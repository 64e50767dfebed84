// Moonstone. Licence: see LICENSE.
// One WebSocket: Beast reads and writes frames, the Outbox carries frames from any thread to it.
//
// Reading never stops until the socket fails or closes; that failure is the one end of everything.
// Writing takes all waiting frames at once and puts them through one after the other; the
// BatchingStream turns small ones into few system calls.
#include <array>
#include <mutex>
#include <span>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "server/connection.h"
#include "server/http_text.h"

namespace moonstone::server {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
namespace websocket = boost::beast::websocket;
using boost::system::error_code;
using Executor = asio::io_context::executor_type;
using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>,
                                         Executor>;

/// Small frames are collected up to this size before they are written: about what one system call
/// moves without being slower than a copy.
constexpr std::size_t kBatchBytes = std::size_t{16} * 1024;
/// Buffers that grew beyond these are given back, so that an idle socket stays small.
constexpr std::size_t kIdleBufferBytes = std::size_t{4} * 1024;
constexpr std::size_t kIdleParts = 16;
/// RFC 6455: a control frame holds 125 bytes, two of them the code.
constexpr std::size_t kCloseReasonMax = 123;

/// The socket below Beast. While more frames are known to follow, small writes are only collected;
/// the write of the last one takes them along. Beast never has two writes at once, so neither has
/// this.
class BatchingStream {
 public:
  using executor_type = Executor;
  using next_layer_type = Socket;

  explicit BatchingStream(asio::io_context& io) : socket_(io) {}

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] next_layer_type& next_layer() { return socket_; }
  [[nodiscard]] const next_layer_type& next_layer() const { return socket_; }

  enum class Follows : unsigned char { Nothing, AnotherFrame };
  void expect(Follows follows) { follows_ = follows; }

  /// The peer knows that the socket closes: it need not be waited for.
  void mark_goodbye() { said_goodbye_ = true; }
  /// Whether it knows, or has said so itself with a reason.
  [[nodiscard]] bool knows_of_goodbye() const;
  /// The stream above, which reads the peer's reason.
  void set_reader(const websocket::stream<BatchingStream, false>& reader) { reader_ = &reader; }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    const std::size_t bytes = asio::buffer_size(buffers);
    const bool fits = collected_.size() + bytes <= kBatchBytes;
    if (collected_.empty() && (!fits || follows_ == Follows::Nothing)) {
      return socket_.async_write_some(buffers, std::forward<Handler>(handler));
    }
    if (fits) collect(buffers);
    if (fits && follows_ == Follows::AnotherFrame) {
      return asio::post(
          socket_.get_executor(),
          beast::bind_front_handler(std::forward<Handler>(handler), error_code(), bytes));
    }
    write_collected(buffers, fits ? bytes : 0, std::forward<Handler>(handler));
  }

 private:
  template <class Buffers>
  void collect(const Buffers& buffers) {
    const std::size_t before = collected_.size();
    collected_.resize(before + asio::buffer_size(buffers));
    asio::buffer_copy(asio::buffer(collected_) + before, buffers);
  }

  /// Writes what was collected; `taken` of its bytes belong to this call. With none taken,
  /// `buffers` are written afterwards, uncopied.
  template <class Buffers, class Handler>
  void write_collected(const Buffers& buffers, std::size_t taken, Handler&& handler) {
    asio::async_write(
        socket_, asio::buffer(collected_),
        [this, taken, buffers, handler = std::decay_t<Handler>(std::forward<Handler>(handler))](
            error_code failure, std::size_t) mutable {
          collected_ = std::string();
          if (failure || taken > 0) return std::move(handler)(failure, taken);
          socket_.async_write_some(buffers, std::move(handler));
        });
  }

  Socket socket_;
  std::string collected_;
  const websocket::stream<BatchingStream, false>* reader_ = nullptr;
  Follows follows_ = Follows::Nothing;
  bool said_goodbye_ = false;
};

bool BatchingStream::knows_of_goodbye() const {
  return said_goodbye_ || reader_->reason().code != websocket::close_code::none;
}

/// Beast's way to end the stream. After a closing handshake the descriptor is closed at once; after
/// a violation the peer may still be sending, and closing would reset the connection under the
/// close frame that explains why.
template <class Handler>
void async_teardown(beast::role_type role, BatchingStream& stream, Handler&& handler) {
  if (stream.knows_of_goodbye()) {
    error_code ignored;
    stream.next_layer().close(ignored);
    return asio::post(stream.get_executor(),
                      beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
  }
  websocket::async_teardown(role, stream.next_layer(), std::forward<Handler>(handler));
}

class WebSocket;

struct CloseRequest {
  protocol::CloseCode code = protocol::CloseCode::GoingAway;
  std::string reason;
};

/// What becomes of waiting frames when a close is requested.
enum class Waiting : unsigned char { Keep, Drop };

std::size_t bytes_of(const protocol::Frame& frame) {
  std::size_t bytes = 0;
  for (const auto& part : frame)
    bytes += part->size();
  return bytes;
}

/// The sink that protocols see. Threads: synchronised; while `socket_` is set, its loop exists.
class Outbox final : public protocol::SocketSink {
 public:
  Outbox(std::shared_ptr<WebSocket> socket, const ServerOptions& options)
      : high_(options.queue_bytes_high),
        max_(options.queue_bytes_max),
        socket_(std::move(socket)) {}

  void send(protocol::Frame frame) override;
  [[nodiscard]] std::size_t queued_bytes() const override;
  void close(protocol::CloseCode code, std::string_view reason) override;

  // For the socket, on its loop:
  /// All waiting frames; none means that the next send wakes the socket again.
  [[nodiscard]] std::vector<protocol::Frame> take();
  [[nodiscard]] std::optional<CloseRequest> close_request() const;
  enum class Level : unsigned char { Same, BecameLow };
  [[nodiscard]] Level on_written(std::size_t bytes);
  void abandon();

 private:
  void wake();
  void request_close(protocol::CloseCode code, std::string_view reason, Waiting waiting);

  const std::size_t high_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::shared_ptr<WebSocket> socket_;  // also held by pending I/O; reset when the socket ends
  std::vector<protocol::Frame> frames_;
  std::optional<CloseRequest> close_;
  std::size_t bytes_ = 0;
  bool is_awake_ = false;  // the socket was woken and has not found the queue empty since
  bool was_high_ = false;
};

class WebSocket final : public Connection, public std::enable_shared_from_this<WebSocket> {
 public:
  explicit WebSocket(Loop& loop) : loop_(loop), stream_(loop.io) {}

  [[nodiscard]] asio::io_context& io() { return loop_.io; }
  void start(std::unique_ptr<protocol::SocketSession> session,
             std::shared_ptr<Outbox> outbox,
             Descriptor descriptor,
             const std::string& key);
  /// Frames may be waiting.
  void flush();
  /// Somebody wants the socket closed.
  void on_close_requested(Waiting waiting);

  void drain() override {
    outbox_->close(protocol::CloseCode::GoingAway, "Server is shutting down");
  }
  void abort() override { close_descriptor(); }

 private:
  void on_accepted(error_code failure);
  void read();
  void on_read(error_code failure);
  void write_front();
  void on_front_written(error_code failure);
  void begin_close(const CloseRequest& request);
  void arm_close_timer();
  void close_descriptor();
  void finish_if_done();

  Loop& loop_;
  websocket::stream<BatchingStream, false> stream_;
  beast::flat_buffer buffer_;
  std::unique_ptr<protocol::SocketSession> session_;
  std::shared_ptr<Outbox> outbox_;         // also held by the session and whoever it gave it to
  std::vector<protocol::Frame> batch_;     // taken from the outbox, written from next_ on
  std::vector<asio::const_buffer> parts_;  // of the frame being written
  std::size_t next_ = 0;
  std::optional<Timer> close_timer_;
  bool is_open_ = false;     // the handshake succeeded
  bool is_over_ = false;     // nothing more will be read
  bool is_writing_ = false;  // a frame is being written
  bool is_leaving_ = false;  // a close was requested: messages are not delivered any more
  bool is_closing_ = false;  // the closing handshake runs
  bool is_finished_ = false;
};

// Outbox.

void Outbox::send(protocol::Frame frame) {
  const std::size_t bytes = bytes_of(frame);
  std::vector<protocol::Frame> dropped;  // destroyed outside the lock
  const std::scoped_lock lock(mutex_);
  if (socket_ == nullptr || close_.has_value()) return;
  if (bytes_ + bytes > max_) {
    dropped.swap(frames_);
    return request_close(protocol::CloseCode::PolicyViolation, "The connection reads too slowly",
                         Waiting::Drop);
  }
  bytes_ += bytes;
  if (bytes_ > high_) was_high_ = true;
  frames_.push_back(std::move(frame));
  wake();
}

std::size_t Outbox::queued_bytes() const {
  const std::scoped_lock lock(mutex_);
  return bytes_;
}

void Outbox::close(protocol::CloseCode code, std::string_view reason) {
  const std::scoped_lock lock(mutex_);
  if (socket_ != nullptr && !close_.has_value()) request_close(code, reason, Waiting::Keep);
}

/// With the mutex held.
void Outbox::request_close(protocol::CloseCode code, std::string_view reason, Waiting waiting) {
  close_ = CloseRequest{.code = code, .reason = std::string(reason)};
  asio::post(socket_->io(), [socket = socket_, waiting] { socket->on_close_requested(waiting); });
}

/// With the mutex held.
void Outbox::wake() {
  if (std::exchange(is_awake_, true)) return;
  asio::post(socket_->io(), [socket = socket_] { socket->flush(); });
}

std::vector<protocol::Frame> Outbox::take() {
  const std::scoped_lock lock(mutex_);
  if (frames_.empty()) is_awake_ = false;
  return std::exchange(frames_, {});
}

std::optional<CloseRequest> Outbox::close_request() const {
  const std::scoped_lock lock(mutex_);
  return close_;
}

Outbox::Level Outbox::on_written(std::size_t bytes) {
  const std::scoped_lock lock(mutex_);
  bytes_ -= std::min(bytes, bytes_);
  if (!was_high_ || bytes_ > high_ / 2) return Level::Same;
  was_high_ = false;
  return Level::BecameLow;
}

void Outbox::abandon() {
  std::shared_ptr<WebSocket> socket;  // both destroyed outside the lock
  std::vector<protocol::Frame> frames;
  const std::scoped_lock lock(mutex_);
  socket.swap(socket_);
  frames.swap(frames_);
  bytes_ = 0;
}

// WebSocket: opening and reading.

void WebSocket::start(std::unique_ptr<protocol::SocketSession> session,
                      std::shared_ptr<Outbox> outbox,
                      Descriptor descriptor,
                      const std::string& key) {
  session_ = std::move(session);
  outbox_ = std::move(outbox);
  loop_.connections.insert(this);
  loop_.totals.connections.fetch_add(1);
  error_code failure;
  stream_.next_layer().next_layer().assign(asio::ip::tcp::v4(), descriptor.get(), failure);
  if (failure) return on_accepted(failure);
  static_cast<void>(descriptor.release());

  stream_.read_message_max(loop_.options.frame_bytes_max);
  stream_.auto_fragment(false);
  stream_.text(true);
  // Not by a control callback: for that, Beast (1.81) leaves its read between the header of a close
  // frame and the frame, and if our own close comes in between, the two wait for each other.
  stream_.next_layer().set_reader(stream_);
  // Beast's own timeout covers both handshakes; silence in between is allowed for ever.
  stream_.set_option(
      websocket::stream_base::timeout{.handshake_timeout = loop_.options.close_timeout,
                                      .idle_timeout = websocket::stream_base::none(),
                                      .keep_alive_pings = false});
  http::request<http::empty_body> request(http::verb::get, "/", 11);
  request.set(http::field::host, "moonstone");
  request.set(http::field::upgrade, "websocket");
  request.set(http::field::connection, "Upgrade");
  request.set(http::field::sec_websocket_key, key);
  request.set(http::field::sec_websocket_version, "13");
  stream_.async_accept(
      request, [self = shared_from_this()](error_code result) { self->on_accepted(result); });
}

void WebSocket::on_accepted(error_code failure) {
  if (failure) {
    is_over_ = true;
    return finish_if_done();
  }
  is_open_ = true;
  read();
  flush();
}

void WebSocket::read() {
  stream_.async_read(buffer_, [self = shared_from_this()](error_code failure, std::size_t) {
    self->on_read(failure);
  });
}

void WebSocket::on_read(error_code failure) {
  if (failure) {
    is_over_ = true;
    return finish_if_done();
  }
  loop_.totals.frames_in.fetch_add(1);
  if (stream_.got_text() && !is_leaving_) {
    const auto data = buffer_.data();
    session_->on_text({static_cast<const char*>(data.data()), data.size()});
  }
  buffer_.consume(buffer_.size());
  if (buffer_.capacity() > kIdleBufferBytes) buffer_ = beast::flat_buffer();
  read();
}

// WebSocket: writing.

void WebSocket::flush() {
  if (!is_open_ || is_writing_ || is_closing_ || is_over_) return;
  if (next_ == batch_.size()) {
    batch_ = outbox_->take();
    next_ = 0;
  }
  if (next_ < batch_.size()) return write_front();
  if (const auto request = outbox_->close_request()) begin_close(*request);
}

void WebSocket::write_front() {
  is_writing_ = true;
  parts_.clear();
  for (const auto& part : batch_[next_])
    parts_.push_back(asio::buffer(*part));
  stream_.next_layer().expect(next_ + 1 < batch_.size() ? BatchingStream::Follows::AnotherFrame
                                                        : BatchingStream::Follows::Nothing);
  stream_.async_write(std::span<const asio::const_buffer>(parts_),
                      [self = shared_from_this()](error_code failure, std::size_t) {
                        self->on_front_written(failure);
                      });
}

void WebSocket::on_front_written(error_code failure) {
  is_writing_ = false;
  // The read fails with the descriptor, and ends everything.
  if (failure) return close_descriptor();
  if (is_finished_) return;
  loop_.totals.frames_out.fetch_add(1);
  const std::size_t bytes = bytes_of(batch_[next_]);
  loop_.totals.bytes_out.fetch_add(bytes, std::memory_order_relaxed);
  batch_[next_++].clear();
  if (next_ == batch_.size()) {
    batch_.clear();
    next_ = 0;
    if (parts_.capacity() > kIdleParts) parts_ = {};
  }
  if (is_leaving_) arm_close_timer();
  const bool became_low = outbox_->on_written(bytes) == Outbox::Level::BecameLow;
  if (became_low && !is_leaving_) session_->on_writable();
  flush();
}

// WebSocket: the end.

void WebSocket::on_close_requested(Waiting waiting) {
  if (is_finished_ || is_closing_) return;
  is_leaving_ = true;
  if (waiting == Waiting::Drop && next_ < batch_.size()) {
    batch_.resize(next_ + (is_writing_ ? 1U : 0U));
  }
  arm_close_timer();
  flush();
}

void WebSocket::begin_close(const CloseRequest& request) {
  is_closing_ = true;
  // The frame that was announced to follow may have been dropped.
  stream_.next_layer().expect(BatchingStream::Follows::Nothing);
  stream_.next_layer().mark_goodbye();
  std::string_view reason = request.reason;
  if (reason.size() > kCloseReasonMax) {
    std::size_t end = kCloseReasonMax;
    while (end > 0 && (static_cast<unsigned char>(reason[end]) & 0xC0U) == 0x80U)
      --end;
    reason = reason.substr(0, end);
  }
  const websocket::close_reason why(static_cast<websocket::close_code>(request.code),
                                    beast::string_view(reason.data(), reason.size()));
  stream_.async_close(why, [self = shared_from_this()](error_code) {
    self->is_closing_ = false;
    self->close_descriptor();
    self->finish_if_done();
  });
}

void WebSocket::arm_close_timer() {
  if (!close_timer_.has_value()) close_timer_.emplace(loop_.io);
  close_timer_->expires_after(loop_.options.close_timeout);
  close_timer_->async_wait([self = shared_from_this()](error_code failure) {
    const bool is_current = self->close_timer_->expiry() <= std::chrono::steady_clock::now();
    if (!failure && is_current) self->close_descriptor();
  });
}

void WebSocket::close_descriptor() {
  error_code ignored;
  stream_.next_layer().next_layer().close(ignored);
}

void WebSocket::finish_if_done() {
  if (!is_over_ || is_closing_ || is_finished_) return;
  is_finished_ = true;
  close_descriptor();
  if (close_timer_.has_value()) close_timer_->cancel();
  loop_.connections.erase(this);
  loop_.totals.connections.fetch_sub(1);
  loop_.totals.sockets.fetch_sub(1);
  outbox_->abandon();
  session_->on_closed();
  session_.reset();
}

class UndecidedSocket final : public PendingUpgrade {
 public:
  UndecidedSocket(Loop& loop, std::string key)
      : loop_(loop),
        key_(std::move(key)),
        socket_(std::make_shared<WebSocket>(loop)),
        outbox_(std::make_shared<Outbox>(socket_, loop.options)) {}
  UndecidedSocket(const UndecidedSocket&) = delete;
  UndecidedSocket& operator=(const UndecidedSocket&) = delete;
  ~UndecidedSocket() override {
    if (socket_ == nullptr) return;  // started: the WebSocket counts itself down
    outbox_->abandon();
    loop_.totals.sockets.fetch_sub(1);
  }

  [[nodiscard]] protocol::SocketSinkPtr sink() const override { return outbox_; }

  void start(std::unique_ptr<protocol::SocketSession> session, Descriptor descriptor) override {
    std::exchange(socket_, nullptr)
        ->start(std::move(session), outbox_, std::move(descriptor), key_);
  }

 private:
  Loop& loop_;
  std::string key_;
  std::shared_ptr<WebSocket> socket_;  // shared with the loop once it runs
  std::shared_ptr<Outbox> outbox_;     // shared with the session
};

}  // namespace

std::variant<protocol::HttpResponse, std::unique_ptr<PendingUpgrade>> begin_upgrade(
    Loop& loop, std::string key) {
  const std::size_t max = loop.options.connections_max;
  const std::uint64_t before = loop.totals.sockets.fetch_add(1);
  if (loop.is_draining || (max != 0 && before >= max)) {
    loop.totals.sockets.fetch_sub(1);
    return text_response(503,
                         loop.is_draining ? "Server is shutting down" : "Too many connections");
  }
  return std::make_unique<UndecidedSocket>(loop, std::move(key));
}

}  // namespace moonstone::server
