// Moonstone. Licence: see LICENSE.
#pragma once
// A client of a Moonstone server for C++ programs: live queries, mutations in order, actions, over
// one WebSocket that comes back by itself.
//
//   auto loop = Loop::start();
//   auto client = Client::connect(*loop, "ws://127.0.0.1:8788/ws");
//   auto messages = (*client)->subscribe("messages:list", R"({"channel":"general"})", print);
//   auto sent = (*client)->mutation("messages:send", R"({"channel":"general",..})").get();
//
// Arguments and results are JSON text: bring the JSON library that you like. Results are handed on
// as the server wrote them.
// No function throws, and no callback may. Failures carry the server's code and message unchanged
// ("execution_error", "forbidden", "rate_limited", ..) or one of this client:
//   "invalid_argument"  a URL, a header or arguments that cannot be sent; nothing was sent
//   "connection_lost"   an action was under way, or all attempts to connect have failed
//   "request_timeout"   no answer came in time; the call may have run
//   "limit_exceeded"    too many calls wait (Options::waiting_calls_max); it was not sent
//   "message_too_large" it has more bytes than a server takes (Options::sent_bytes_max); not sent
//   "client_closed"     the client was closed before the answer came
// Threads: all objects may be used from any thread. The callbacks of one client come one at a time,
// from the thread of its loop that serves it; they may call the client, and must not block.

#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moonstone::client {

struct Failure {
  std::string code;
  std::string message;
};

template <class T>
using Outcome = std::expected<T, Failure>;

enum class State : unsigned char {
  Disconnected,  // between two attempts, or after the last one; see Client::wake
  Connecting,
  Connected,
};

/// What the server knows about who we are.
struct Identity {
  bool is_authenticated = false;
  /// From now on; nothing: the token has no end, or there is none.
  std::optional<std::chrono::milliseconds> expires_in = std::nullopt;
};

/// The threads that serve clients. One thread is enough for thousands of them.
class Loop {
 public:
  [[nodiscard]] static std::unique_ptr<Loop> start(std::size_t threads = 1);
  /// Ends the threads. All clients must be gone by then. Not from a callback.
  virtual ~Loop() = default;
};

/// The defaults are those of @moonstone/client.
struct Options {
  /// Says who we are: a JWT of a provider that the server knows. Empty: nobody. See set_token.
  std::string token = {};
  /// For the request that opens the socket, e.g. for a gate or a proxy.
  std::vector<std::pair<std::string, std::string>> headers = {};
  /// For wss://: a PEM file with the authorities to trust instead of the system's. Read once per
  /// loop.
  std::string certificate_authorities = {};

  /// Delays between attempts: the first one doubles up to the longest, each spread over 50-150 %.
  /// After that many delays the client stays disconnected until it is used or woken.
  std::chrono::milliseconds backoff_base{1'000};
  std::chrono::milliseconds backoff_max{30'000};
  std::size_t backoff_attempts_max = 5;
  /// What an attempt to connect may take.
  std::chrono::milliseconds connect_timeout{20'000};
  /// How often to ask whether the server is still there; two silent intervals end the connection.
  /// 0: never.
  std::chrono::milliseconds heartbeat_interval{30'000};
  /// How long a call waits for its answer once it is sent.
  std::chrono::milliseconds request_timeout{60'000};

  /// Messages to send per second, heartbeats apart: a server allows 50 unless configured otherwise.
  /// 0: no limit.
  std::size_t messages_per_second = 40;
  /// What a longer message is for fails with "message_too_large"; a server closes the connection
  /// with a message beyond its limits.frame_bytes. Units: bytes. 0: no limit.
  std::size_t sent_bytes_max = std::size_t{4} * 1024 * 1024;
  /// A longer message of the server ends the connection. Units: bytes.
  std::size_t message_bytes_max = std::size_t{64} * 1024 * 1024;
  /// Calls without an answer; one more fails with "limit_exceeded".
  std::size_t waiting_calls_max = 10'000;

  /// Hears of each change of the state; `why` says what ended a connection or an attempt, for
  /// people. Not called by close() or the end of the client.
  std::function<void(State state, const std::string& why)> on_state = nullptr;
  /// Hears what the server makes of a token: it took it, refused it ("unauthenticated"), could not
  /// check it ("unavailable"), or the token has ended ("unauthenticated"). Renew it by set_token.
  std::function<void(const Outcome<Identity>& identity)> on_identity = nullptr;
};

/// Ends the subscription when destroyed, at once: no callback runs afterwards. It waits for one
/// that is running, unless it is destroyed by that one. May outlive its client.
class Subscription {
 public:
  virtual ~Subscription() = default;
};

/// One connection. Subscriptions and unanswered mutations survive its interruptions.
/// Cost: a socket and about 20 KiB of memory, plus the last result of each query it subscribes to.
class Client {
 public:
  /// The result of a query as JSON, or why there is none. References end with the call.
  using OnResult = std::function<void(const Outcome<std::string>& json)>;
  /// The result of a call as JSON; "null" also for undefined. Called exactly once.
  using OnAnswer = std::move_only_function<void(Outcome<std::string> json)>;

  /// Begins to connect and returns at once: what is called before there is a connection waits.
  /// `url`: the /ws address of a server, "ws://localhost:8788/ws"; wss:// for TLS.
  /// Errors: "invalid_argument" naming what is wrong with the URL or a header.
  /// Lifetime: `loop` outlives the client.
  [[nodiscard]] static Outcome<std::unique_ptr<Client>> connect(Loop& loop,
                                                                std::string_view url,
                                                                Options options = {});

  /// Closes. What waits is answered with "client_closed" before the destructor returns, or soon
  /// after if a callback on the thread of its loop destroys it.
  virtual ~Client() = default;

  /// Calls `on_result` with the result, and again when it has changed, also after an interruption.
  /// A failure does not end the subscription: it is asked again on the next connection or under
  /// another identity. Equal queries of a client share one subscription at the server.
  /// `arguments_json`: an object; empty: none.
  /// Errors: "invalid_argument" (the arguments are no JSON object), "client_closed".
  [[nodiscard]] virtual Outcome<std::unique_ptr<Subscription>> subscribe(
      std::string_view function, std::string_view arguments_json, OnResult on_result) = 0;

  /// Runs a query once. Not ordered with other calls.
  virtual void query(std::string_view function,
                     std::string_view arguments_json,
                     OnAnswer on_answer) = 0;

  /// Runs a mutation after those called before it: the next one is sent when this one is answered.
  /// It survives interruptions and is applied once. Its effects on own subscriptions are told
  /// before its answer.
  virtual void mutation(std::string_view function,
                        std::string_view arguments_json,
                        OnAnswer on_answer) = 0;

  /// Runs an action at once. One that was sent is never sent again: if its connection goes, it
  /// fails with "connection_lost".
  virtual void action(std::string_view function,
                      std::string_view arguments_json,
                      OnAnswer on_answer) = 0;

  // The same for threads that wait. Do not wait in a callback: it would be for ever.
  [[nodiscard]] std::future<Outcome<std::string>> query(std::string_view function,
                                                        std::string_view arguments_json = {});
  [[nodiscard]] std::future<Outcome<std::string>> mutation(std::string_view function,
                                                           std::string_view arguments_json = {});
  [[nodiscard]] std::future<Outcome<std::string>> action(std::string_view function,
                                                         std::string_view arguments_json = {});

  /// Says who we are from now on; empty: nobody. Subscriptions stay and get new results. Mutations
  /// wait until the server has taken the token, and for another one if it was refused or has ended.
  virtual void set_token(std::string token) = 0;

  [[nodiscard]] virtual State state() const = 0;
  /// Tries at once if there is no connection, with all attempts ahead again.
  virtual void wake() = 0;
  /// Closes the connection for good; what waits is answered with "client_closed", soon.
  virtual void close() = 0;
};

}  // namespace moonstone::client
