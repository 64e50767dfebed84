// Moonstone. Licence: see LICENSE.
#pragma once
// HttpConnection: one HTTP/1.1 connection. Reads a request, hands it to the Application, writes the
// answer, again. Internal to the module.
//
// The head is taken from the buffer as a whole, judged as raw text (http_text.h), then parsed by
// Beast. One request runs at a time, so pipelined answers are in order by construction. While one
// runs, only its own streamed body is read from the socket.
// Threads: confined to the loop's thread; others come in through a WayBack.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/buffers_range.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/parser.hpp>

#include "base/mutex.h"
#include "server/connection.h"
#include "server/http_text.h"
#include "server/request_body.h"

namespace moonstone::server {

class HttpConnection;

/// The way from any thread back to a connection, for as long as one of its requests runs. The mutex
/// orders calls against the end: while `connection_` is set, its loop exists.
class WayBack : public std::enable_shared_from_this<WayBack> {
 public:
  WayBack(std::shared_ptr<HttpConnection> connection, boost::asio::io_context& io)
      : io_(io), connection_(std::move(connection)), work_(io.get_executor()) {}

  /// Runs `task(connection)` on the loop, unless the request has ended by then.
  template <typename Task>
  void run(Task task);

  /// The request has ended: who comes now has nowhere to go.
  void abandon() {
    std::shared_ptr<HttpConnection> last;  // destroyed outside the lock
    const MutexLock lock(mutex_);
    last.swap(connection_);
    work_.reset();
  }

 private:
  boost::asio::io_context& io_;
  Mutex mutex_;
  std::shared_ptr<HttpConnection> connection_ MS_GUARDED_BY(mutex_);
  // A loop does not end while something is awaited.
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_
      MS_GUARDED_BY(mutex_);
};

/// Collects what the parser hands over. Reserves nothing for what a peer merely announces.
struct PieceBody {
  using value_type = std::string;
  class reader {  // Beast's name for it
   public:
    template <bool is_request, typename Fields>
    reader(boost::beast::http::header<is_request, Fields>& /*head*/, value_type& body)
        : body_(body) {}
    void init(const boost::optional<std::uint64_t>& /*length*/,
              boost::system::error_code& failure) {
      failure = {};
    }
    template <typename Buffers>
    std::size_t put(const Buffers& buffers, boost::system::error_code& failure) {
      failure = {};
      std::size_t bytes = 0;
      for (const boost::asio::const_buffer buffer : boost::beast::buffers_range_ref(buffers)) {
        body_.append(static_cast<const char*>(buffer.data()), buffer.size());
        bytes += buffer.size();
      }
      return bytes;
    }
    void finish(boost::system::error_code& failure) { failure = {}; }

   private:
    value_type& body_;
  };
};

class HttpConnection final : public Connection,
                             public std::enable_shared_from_this<HttpConnection> {
 public:
  HttpConnection(Loop& loop, Peer peer);

  void start(Descriptor descriptor);
  void drain() override;
  void abort() override { close(); }
  [[nodiscard]] bool serves(const WayBack& way_back) const { return way_back_.get() == &way_back; }

  // Called through a WayBack.
  void on_response(protocol::HttpResponse response);
  void on_acceptance(protocol::Application::Acceptance acceptance);
  void on_demand();
  void on_piece(Result<std::string> piece);

 private:
  using SystemError = boost::system::error_code;
  using Executor = boost::asio::io_context::executor_type;
  using Socket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, Executor>;
  using Timer =
      boost::asio::basic_waitable_timer<std::chrono::steady_clock,
                                        boost::asio::wait_traits<std::chrono::steady_clock>,
                                        Executor>;
  using Parser = boost::beast::http::request_parser<PieceBody>;
  enum class Phase : unsigned char { Idle, Head, Body, Handling, Writing, Lingering, Closed };
  enum class Goodbye : unsigned char { Usual, Reset };

  /// The rest of an answer, which is fetched piece by piece.
  struct Outgoing {
    protocol::BodyReaderPtr reader;  // shared with whoever makes the bytes
    BodyFraming framing = BodyFraming::Chunked;
    std::uint64_t bytes_left = 0;  // if the length is known
  };

  // Reading.
  void next_request();
  void read_some(std::size_t bytes);
  void on_read(SystemError failure, std::size_t bytes);
  void on_head_bytes();
  [[nodiscard]] std::optional<Refusal> on_head(std::string_view head);
  [[nodiscard]] std::optional<Refusal> fill_request();
  void name_request();
  void begin_body();
  [[nodiscard]] Refusal too_large() const;
  /// Feeds the parser with what the buffer holds.
  [[nodiscard]] std::optional<Refusal> parse_body();
  void on_body_bytes();
  void on_linger_bytes();
  // A streamed body.
  void begin_stream();
  void on_stream_bytes();
  [[nodiscard]] RequestBody::Flow hand_over();
  void on_body_timeout();
  void cut_body(const Refusal& refusal);
  // While a request runs.
  void dispatch();
  void upgrade();
  void watch();
  void on_watched(SystemError failure);
  // Answering.
  void refuse(const Refusal& refusal);
  void write_interim();
  void write_some();
  void on_some_written();
  void ask_piece();
  void on_written();
  void end_request();
  void linger();
  // Time and end.
  void arm(std::chrono::milliseconds timeout);
  void disarm();
  void arm_body_timer();
  void on_timeout();
  [[nodiscard]] Descriptor take_descriptor();
  void leave();
  void close(Goodbye goodbye = Goodbye::Usual);

  [[nodiscard]] std::string_view unread() const {
    const auto data = buffer_.data();
    return {static_cast<const char*>(data.data()), data.size()};
  }

  Loop& loop_;
  Peer peer_;
  Socket socket_;
  Timer timer_;
  std::optional<Timer> body_timer_;  // of a streamed body that is being read
  boost::beast::flat_buffer buffer_;
  std::optional<Parser> parser_;
  protocol::HttpRequest request_;
  std::string request_id_;
  std::shared_ptr<WayBack> way_back_;        // shared with who owes the running request something
  std::stop_source gone_{std::nostopstate};  // of the running request
  std::shared_ptr<RequestBody> incoming_;    // a streamed body that is not complete yet
  std::unique_ptr<PendingUpgrade> upgrade_;  // while the application decides
  std::optional<Outgoing> outgoing_;
  std::string head_;         // of the response
  std::string body_;         // of the response
  std::size_t written_ = 0;  // of head_ and body_ together
  std::size_t scanned_ = 0;  // bytes of the buffer known to hold no end of a head
  std::size_t lingered_ = 0;
  std::size_t discarded_ = 0;    // bytes of a streamed body that nobody wanted
  std::size_t timed_bytes_ = 0;  // of a streamed body, since the body timer was armed
  char watched_ = 0;             // where a peek puts what it sees
  Phase phase_ = Phase::Idle;
  bool is_first_ = true;
  bool is_reading_ = false;
  bool is_watching_ = false;
  bool keep_alive_ = false;
  bool is_http10_ = false;
  bool is_head_request_ = false;
  bool is_upgrade_ = false;
  bool owes_continue_ = false;  // 100 Continue, once the body is wanted
};

template <typename Task>
void WayBack::run(Task task) {
  const MutexLock lock(mutex_);
  if (connection_ == nullptr) return;
  boost::asio::post(
      io_, [self = shared_from_this(), connection = connection_, task = std::move(task)]() mutable {
        if (connection->serves(*self)) task(*connection);
      });
}

}  // namespace moonstone::server
