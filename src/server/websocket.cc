// Moonstone. Licence: see LICENSE.
// One WebSocket: Beast reads frames and closes, the Outbox carries messages from any thread to it.
//
// Reading never stops until the socket fails or closes; that failure is the one end of everything.
// Messages do not go through Beast: a FrameQueue writes them straight from the memory that they
// share with other sockets, as many as there are in one system call. What Beast itself says (the
// handshake, pongs, close frames) goes through the same queue, so that it never lands within a
// message.
#include <array>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/bind_handler.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/websocket/stream.hpp>

#include "base/batch.h"
#include "server/connection.h"
#include "server/frame_queue.h"
#include "server/http_text.h"
#include "server/wake_list.h"

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

/// Written before the loop looks at its other sockets: a peer that reads as fast as we write must
/// not keep the others waiting.
constexpr std::size_t kBytesAtOnce = std::size_t{1024} * 1024;
/// A read buffer that grew beyond this is given back, so that an idle socket stays small.
constexpr std::size_t kIdleBufferBytes = std::size_t{4} * 1024;
/// RFC 6455: a control frame holds 125 bytes, two of them the code.
constexpr std::size_t kCloseReasonMax = 123;
/// The first byte of a close frame.
constexpr std::string_view kCloseFrame = "\x88";

/// Ends our direction and takes what the peer still sends until it ends its own, for a while:
/// closing before would reset the connection under the frame that says why. (Beast 1.81 has the
/// same, but leaves after the first two kilobytes.)
class Farewell : public std::enable_shared_from_this<Farewell> {
 public:
  using Done = std::move_only_function<void(error_code)>;

  Farewell(Socket& socket, Done done)
      : socket_(socket), timer_(socket.get_executor()), done_(std::move(done)) {}

  void start(std::chrono::milliseconds at_most) {
    error_code failure;
    socket_.shutdown(Socket::shutdown_send, failure);
    if (!failure) socket_.non_blocking(true, failure);
    if (failure) return end();
    timer_.expires_after(at_most);
    timer_.async_wait([self = shared_from_this()](error_code cancelled) {
      error_code ignored;
      if (!cancelled) self->socket_.close(ignored);
    });
    wait();
  }

 private:
  void wait() {
    socket_.async_wait(Socket::wait_read, [self = shared_from_this()](error_code failure) {
      if (failure) return self->end();
      self->take();
    });
  }
  /// One buffer, then the other sockets have their turn.
  void take() {
    std::array<char, std::size_t{16} * 1024> unwanted;
    error_code failure;
    socket_.read_some(asio::buffer(unwanted), failure);
    if (failure && failure != asio::error::would_block) return end();
    wait();
  }
  void end() {
    timer_.cancel();
    error_code ignored;
    socket_.close(ignored);
    asio::post(socket_.get_executor(), beast::bind_front_handler(std::move(done_), error_code()));
  }

  Socket& socket_;  // of the stream that `done_` keeps
  Timer timer_;
  Done done_;
};

/// The socket below Beast, and all that it has to send.
class Channel {
 public:
  using executor_type = Executor;
  using next_layer_type = Socket;
  using Reader = websocket::stream<Channel, false>;

  explicit Channel(Loop& loop)
      : socket_(loop.io), wake_list_(loop.wake_list), close_timeout_(loop.options.close_timeout) {}

  [[nodiscard]] executor_type get_executor() { return socket_.get_executor(); }
  [[nodiscard]] next_layer_type& next_layer() { return socket_; }
  [[nodiscard]] const next_layer_type& next_layer() const { return socket_; }

  /// `owner` is flushed when Beast has something to say; `reader` is the stream above, which reads
  /// the reason with which a peer closes.
  void start(std::weak_ptr<Flushable> owner, const Reader& reader) {
    owner_ = std::move(owner);
    reader_ = &reader;
  }
  [[nodiscard]] FrameQueue& queue() { return queue_; }
  /// What Beast has said is out, or lost.
  void complete_write(error_code failure);
  /// A close frame was the last thing to say.
  [[nodiscard]] bool has_said_close() const { return has_said_close_; }

  /// How long a peer may take to close its side.
  [[nodiscard]] std::chrono::milliseconds close_timeout() const { return close_timeout_; }
  /// The peer knows that the socket closes: it need not be waited for.
  void mark_goodbye() { said_goodbye_ = true; }
  /// Whether it knows, or has said so itself with a reason.
  [[nodiscard]] bool knows_of_goodbye() const {
    return said_goodbye_ || reader_->reason().code != websocket::close_code::none;
  }

  template <class Buffers, class Handler>
  void async_read_some(const Buffers& buffers, Handler&& handler) {
    socket_.async_read_some(buffers, std::forward<Handler>(handler));
  }

  /// Beast writes whole control frames, one at a time, and waits until each is out.
  template <class Buffers, class Handler>
  void async_write_some(const Buffers& buffers, Handler&& handler) {
    std::string bytes(asio::buffer_size(buffers), '\0');
    asio::buffer_copy(asio::buffer(bytes), buffers);
    has_said_close_ = has_said_close_ || bytes.starts_with(kCloseFrame);
    write_done_ =
        [size = bytes.size(), handler = std::decay_t<Handler>(std::forward<Handler>(handler))](
            error_code failure) mutable { std::move(handler)(failure, failure ? 0 : size); };
    queue_.add_encoded(std::move(bytes));
    if (FlushablePtr owner = owner_.lock()) wake_list_.add(std::move(owner), WakeList::Turn::Soon);
  }

 private:
  Socket socket_;
  WakeList& wake_list_;
  const std::chrono::milliseconds close_timeout_;
  std::weak_ptr<Flushable> owner_;
  const Reader* reader_ = nullptr;
  FrameQueue queue_;
  std::move_only_function<void(error_code)> write_done_;
  bool has_said_close_ = false;
  bool said_goodbye_ = false;
};

void Channel::complete_write(error_code failure) {
  if (!write_done_) return;
  asio::post(get_executor(),
             [done = std::exchange(write_done_, nullptr), failure]() mutable { done(failure); });
}

/// Beast's way to end the stream. After a closing handshake the descriptor is closed at once; after
/// a violation the peer may still be sending, and closing would reset the connection under the
/// close frame that explains why.
template <class Handler>
void async_teardown(beast::role_type /*role*/, Channel& channel, Handler&& handler) {
  if (channel.knows_of_goodbye()) {
    error_code ignored;
    channel.next_layer().close(ignored);
    return asio::post(channel.get_executor(),
                      beast::bind_front_handler(std::forward<Handler>(handler), error_code()));
  }
  std::make_shared<Farewell>(channel.next_layer(), std::forward<Handler>(handler))
      ->start(channel.close_timeout());
}

class WebSocket;

struct CloseRequest {
  protocol::CloseCode code = protocol::CloseCode::GoingAway;
  std::string reason;
};

/// What becomes of waiting frames when a close is requested.
enum class Waiting : unsigned char { Keep, Drop };

/// The sink that protocols see. Threads: synchronised; while `socket_` is set, its loop exists.
class Outbox final : public protocol::SocketSink {
 public:
  Outbox(std::shared_ptr<WebSocket> socket, const ServerOptions& options)
      : high_(options.queue_bytes_high),
        max_(options.queue_bytes_max),
        socket_(std::move(socket)) {}

  void send(protocol::Frame frame) override { enqueue(std::move(frame), WakeList::Turn::Soon); }
  void push(protocol::Frame frame) override { enqueue(std::move(frame), WakeList::Turn::Later); }
  [[nodiscard]] std::size_t queued_bytes() const override;
  void close(protocol::CloseCode code, std::string_view reason) override;

  // For the socket, on its loop:
  /// All waiting frames. The next one wakes the socket again.
  [[nodiscard]] std::vector<protocol::Frame> take();
  [[nodiscard]] std::optional<CloseRequest> close_request() const;
  enum class Level : unsigned char { Same, BecameLow };
  [[nodiscard]] Level on_written(std::size_t bytes);
  void abandon();

 private:
  void enqueue(protocol::Frame frame, WakeList::Turn turn);
  void wake(WakeList::Turn turn);
  void request_close(protocol::CloseCode code, std::string_view reason, Waiting waiting);

  const std::size_t high_;
  const std::size_t max_;
  mutable std::mutex mutex_;
  std::shared_ptr<WebSocket> socket_;  // also held by pending I/O; reset when the socket ends
  std::vector<protocol::Frame> frames_;
  std::optional<CloseRequest> close_;
  std::size_t bytes_ = 0;
  std::optional<WakeList::Turn> woken_;  // and has not taken the frames since
  bool was_high_ = false;
};

class WebSocket final : public Connection,
                        public Flushable,
                        public std::enable_shared_from_this<WebSocket> {
 public:
  explicit WebSocket(Loop& loop) : loop_(loop), stream_(loop) {}

  [[nodiscard]] Loop& loop() { return loop_; }
  void start(std::unique_ptr<protocol::SocketSession> session,
             std::shared_ptr<Outbox> outbox,
             Descriptor descriptor,
             const std::string& key);
  void flush() override;
  /// Somebody wants the socket closed.
  void on_close_requested(Waiting waiting);

  void drain() override {
    outbox_->close(protocol::CloseCode::GoingAway, "Server is shutting down");
  }
  void abort() override { close_descriptor(); }

 private:
  [[nodiscard]] Channel& channel() { return stream_.next_layer(); }
  [[nodiscard]] Socket& socket() { return channel().next_layer(); }
  void on_accepted(error_code failure);
  void read();
  void on_read(error_code failure);
  enum class Rest : unsigned char { None, Some };
  Rest write_queue();
  void count(const FrameQueue::Written& written);
  void wait_for_room();
  void begin_close(const CloseRequest& request);
  void arm_close_timer();
  void close_descriptor();
  void finish_if_done();

  Loop& loop_;
  websocket::stream<Channel, false> stream_;
  beast::flat_buffer buffer_;
  std::unique_ptr<protocol::SocketSession> session_;
  std::shared_ptr<Outbox> outbox_;  // also held by the session and whoever it gave it to
  std::optional<Timer> close_timer_;
  bool is_open_ = false;         // the handshake succeeded
  bool is_over_ = false;         // nothing more will be read
  bool waits_for_room_ = false;  // the socket took no more
  bool is_leaving_ = false;      // a close was requested: messages are not delivered any more
  bool is_closing_ = false;      // the closing handshake runs
  bool is_finished_ = false;
};

// Outbox.

void Outbox::enqueue(protocol::Frame frame, WakeList::Turn turn) {
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
  if (bytes_ >= high_) was_high_ = true;
  frames_.push_back(std::move(frame));
  wake(turn);
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
  asio::post(socket_->loop().io,
             [socket = socket_, waiting] { socket->on_close_requested(waiting); });
}

/// With the mutex held.
void Outbox::wake(WakeList::Turn turn) {
  const bool is_soon_enough = woken_ && (*woken_ == WakeList::Turn::Soon || turn == *woken_);
  if (is_soon_enough) return;
  woken_ = turn;
  socket_->loop().wake_list.add(socket_, turn);
}

std::vector<protocol::Frame> Outbox::take() {
  const std::scoped_lock lock(mutex_);
  woken_.reset();
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
  socket().assign(asio::ip::tcp::v4(), descriptor.get(), failure);
  if (failure) return on_accepted(failure);
  static_cast<void>(descriptor.release());

  stream_.read_message_max(loop_.options.frame_bytes_max);
  // Not by a control callback: for that, Beast (1.81) leaves its read between the header of a close
  // frame and the frame, and if our own close comes in between, the two wait for each other.
  channel().start(weak_from_this(), stream_);
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
    // Ends after the other sockets that are ready now.
    if (Batch::begin_piece() == Batch::Begun::Now) asio::post(loop_.io, [] { Batch::end(); });
    session_->on_text({static_cast<const char*>(data.data()), data.size()});
  }
  buffer_.consume(buffer_.size());
  if (buffer_.capacity() > kIdleBufferBytes) buffer_ = beast::flat_buffer();
  read();
}

// WebSocket: writing.

/// Sends what is queued, then what the outbox holds. Messages follow neither a close frame nor each
/// other into a socket that takes no more.
void WebSocket::flush() {
  if (waits_for_room_ || is_finished_ || write_queue() == Rest::Some) return;
  if (!is_open_ || is_closing_ || is_over_ || channel().has_said_close()) return;
  for (protocol::Frame& frame : outbox_->take())
    channel().queue().add_text(std::move(frame));
  if (write_queue() == Rest::Some || !is_leaving_) return;
  if (const auto request = outbox_->close_request()) begin_close(*request);
}

WebSocket::Rest WebSocket::write_queue() {
  if (channel().queue().is_empty()) return Rest::None;
  const FrameQueue::Written written =
      channel().queue().write_to(socket().native_handle(), kBytesAtOnce);
  count(written);
  switch (written.outcome) {
    case FrameQueue::Outcome::Empty:
      channel().complete_write({});
      return Rest::None;
    case FrameQueue::Outcome::Blocked:
      wait_for_room();
      break;
    case FrameQueue::Outcome::Paused:
      loop_.wake_list.add(shared_from_this(), WakeList::Turn::Later);
      break;
    case FrameQueue::Outcome::Failed:
      // The read fails with the descriptor, and ends everything.
      channel().complete_write(asio::error::broken_pipe);
      close_descriptor();
      break;
  }
  return Rest::Some;
}

void WebSocket::count(const FrameQueue::Written& written) {
  if (is_leaving_ && written.has_moved) arm_close_timer();
  if (written.messages == 0) return;
  loop_.totals.frames_out.fetch_add(written.messages, std::memory_order_relaxed);
  loop_.totals.bytes_out.fetch_add(written.bytes, std::memory_order_relaxed);
  const bool became_low = outbox_->on_written(written.bytes) == Outbox::Level::BecameLow;
  if (became_low && !is_leaving_) session_->on_writable();
}

void WebSocket::wait_for_room() {
  waits_for_room_ = true;
  // If the descriptor is closed meanwhile, the write fails and tells whoever waits for it.
  socket().async_wait(Socket::wait_write, [self = shared_from_this()](error_code) {
    self->waits_for_room_ = false;
    self->flush();
  });
}

// WebSocket: the end.

void WebSocket::on_close_requested(Waiting waiting) {
  if (is_finished_ || is_closing_) return;
  is_leaving_ = true;
  if (waiting == Waiting::Drop) channel().queue().drop_waiting_text();
  arm_close_timer();
  flush();
}

void WebSocket::begin_close(const CloseRequest& request) {
  is_closing_ = true;
  channel().mark_goodbye();
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
  socket().close(ignored);
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
