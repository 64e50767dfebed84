// Moonstone. Licence: see LICENSE.
// The public API on sessions and loops: checks what is handed in, and carries it to the loop.
#include "moonstone/client.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <span>
#include <utility>

#include "base/check.h"
#include "base/clock.h"
#include "base/encoding.h"
#include "base/json.h"
#include "client/address.h"
#include "client/io_loop.h"
#include "client/session.h"

namespace moonstone::client {
namespace {

std::unexpected<Failure> invalid(std::string message) {
  return std::unexpected(Failure{.code = "invalid_argument", .message = std::move(message)});
}

bool is_header_name(std::string_view name) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !name.empty() && std::ranges::all_of(name, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           kOthers.contains(c);
  });
}

bool is_header_value(std::string_view value) {
  return std::ranges::all_of(value, [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= ' ' && c != '\x7F');
  });
}

Outcome<void> check_options(const Options& options) {
  for (const auto& [name, value] : options.headers) {
    if (!is_header_name(name)) return invalid("a header must have a name of HTTP: " + name);
    if (!is_header_value(value)) return invalid("the header " + name + " has control characters");
  }
  if (!is_utf8(options.token)) return invalid("the token is not UTF-8");
  return {};
}

/// The name as the server lists it: `utils/stats:taskStats`. With dots it means the same.
Outcome<std::string> function_name(std::string_view function) {
  if (function.empty() || !is_utf8(function)) {
    return invalid("a function is named like \"messages:list\"");
  }
  std::string name(function);
  const std::size_t colon = name.find(':');
  if (colon != std::string::npos) {
    std::ranges::replace(std::span(name).first(colon), '.', '/');
  }
  return name;
}

Outcome<Value> parse_arguments(std::string_view json) {
  if (json.empty()) return Value(Object());
  auto value = parse_json(json);
  if (!value) return invalid("the arguments are no JSON: " + value.error().message());
  if (!value->is_object()) return invalid("the arguments must be a JSON object");
  return *std::move(value);
}

/// A session on its loop. The host's half is confined to the loop; the rest is synchronised.
/// Held by its client, by what is posted, and for the time of a callback by nobody else: whoever
/// destroys the client in a callback posts the end, which runs later.
class Core final : public SessionHost,
                   public SocketEvents,
                   public std::enable_shared_from_this<Core> {
 public:
  Core(IoLoop& loop, Address address, Options options)
      : loop_(loop),
        on_state_(std::move(options.on_state)),
        on_identity_(std::move(options.on_identity)),
        request_{.address = std::move(address),
                 .headers = options.headers,
                 .certificate_authorities = options.certificate_authorities,
                 .message_bytes_max = options.message_bytes_max},
        session_(*this, system_clock(), system_random(), std::move(options)) {}

  /// Runs `task(session)` on the loop.
  template <class Task>
  void post(Task task) {
    loop_.post([self = shared_from_this(), task = std::move(task)]() mutable {
      task(self->session_);
      self->end_turn();
    });
  }

  void start() {
    post([self = shared_from_this()](Session& session) {
      self->alarm_ = self->loop_.make_alarm([core = self.get()] {
        core->session_.run_due();
        core->end_turn();
      });
      session.wake();
    });
  }

  void close() {
    is_closed_ = true;
    post([self = shared_from_this()](Session& session) { self->close_now(session); });
  }

  /// Closes; returns when nothing can come any more, unless a callback of this client asks.
  void end() {
    is_closed_ = true;
    if (loop_.is_current()) {
      is_muted_ = true;
      return close();
    }
    std::promise<void> closed;
    const std::future<void> is_closed = closed.get_future();
    post([self = shared_from_this(), closed = std::move(closed)](Session& session) mutable {
      self->is_muted_ = true;
      self->close_now(session);
      closed.set_value();
    });
    is_closed.wait();
  }

  [[nodiscard]] State state() const { return state_; }
  [[nodiscard]] bool is_closed() const { return is_closed_; }
  [[nodiscard]] SubscriberId next_subscriber() { return next_subscriber_.fetch_add(2); }

  // SessionHost.
  void open_socket() override { socket_ = loop_.open_socket(request_, *this); }
  void send(std::string text) override {
    if (socket_ != nullptr) socket_->send(std::move(text));
  }
  void close_socket(End end) override {
    const std::shared_ptr<Socket> socket = std::exchange(socket_, nullptr);
    if (socket == nullptr) return;
    if (end == End::Goodbye) {
      socket->close();
    } else {
      socket->give_up();
    }
  }
  void state_changed(State state, const std::string& why) override {
    state_ = state;
    if (on_state_ && !is_muted_) on_state_(state, why);
  }
  void identity_changed(const Outcome<Identity>& identity) override {
    if (on_identity_ && !is_muted_) on_identity_(identity);
  }

  // SocketEvents.
  void opened() override {
    session_.opened();
    end_turn();
  }
  void received(std::string_view text) override {
    session_.received(text);
    end_turn();
  }
  void lost(const std::string& why) override {
    session_.lost(why);
    end_turn();
  }

 private:
  void close_now(Session& session) {
    session.close();
    state_ = State::Disconnected;
    // On the loop, as the wait for it is: afterwards this may be destroyed by any thread.
    alarm_.reset();
  }

  void end_turn() {
    const auto next = session_.end_turn();
    if (next && alarm_ != nullptr) alarm_->set(*next);
  }

  IoLoop& loop_;
  std::atomic<State> state_ = State::Disconnected;
  std::atomic<bool> is_closed_ = false;
  std::atomic<SubscriberId> next_subscriber_ = 2;  // even; odd ones belong to the session
  // From here on confined to the loop.
  const std::function<void(State, const std::string&)> on_state_;
  const std::function<void(const Outcome<Identity>&)> on_identity_;
  const SocketRequest request_;
  bool is_muted_ = false;
  std::shared_ptr<Socket> socket_;  // shared with its operations
  std::unique_ptr<Alarm> alarm_;
  Session session_;
};

/// Hands results on until it is closed.
class Gate {
 public:
  explicit Gate(Client::OnResult on_result) : on_result_(std::move(on_result)) {}
  void pass(const Outcome<std::string>& outcome) {
    const std::lock_guard lock(mutex_);
    if (!is_closed_) on_result_(outcome);
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_closed_ = true;
  }

 private:
  std::recursive_mutex mutex_;  // a callback may end its own subscription
  bool is_closed_ = false;
  const Client::OnResult on_result_;
};

class SubscriptionHandle final : public Subscription {
 public:
  SubscriptionHandle(const std::shared_ptr<Core>& core, SubscriberId id, std::shared_ptr<Gate> gate)
      : core_(core), id_(id), gate_(std::move(gate)) {}
  ~SubscriptionHandle() override {
    gate_->close();
    if (const auto core = core_.lock()) {
      core->post([id = id_](Session& session) { session.unsubscribe(id); });
    }
  }

 private:
  std::weak_ptr<Core> core_;  // so that a subscription may outlive its client, and its loop
  SubscriberId id_;
  std::shared_ptr<Gate> gate_;  // shared with the session
};

class LoopThreads final : public Loop {
 public:
  explicit LoopThreads(std::size_t threads) {
    for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i)
      loops_.push_back(start_io_loop());
  }
  ~LoopThreads() override {
    MS_CHECK(clients_ == 0, "a client outlives its loop: destroy the clients first");
  }

  IoLoop& enter() {
    clients_ += 1;
    return *loops_[next_++ % loops_.size()];
  }
  void leave() { clients_ -= 1; }

 private:
  std::vector<std::unique_ptr<IoLoop>> loops_;
  std::atomic<std::size_t> next_ = 0;
  std::atomic<std::size_t> clients_ = 0;
};

class ClientHandle final : public Client {
 public:
  ClientHandle(LoopThreads& threads, Address address, Options options)
      : threads_(threads),
        core_(std::make_shared<Core>(threads.enter(), std::move(address), std::move(options))) {
    core_->start();
  }
  ~ClientHandle() override {
    core_->end();
    threads_.leave();
  }

  Outcome<std::unique_ptr<Subscription>> subscribe(std::string_view function,
                                                   std::string_view arguments_json,
                                                   OnResult on_result) override {
    if (core_->is_closed()) {
      return std::unexpected(Failure{.code = "client_closed", .message = "The client was closed"});
    }
    auto name = function_name(function);
    if (!name) return std::unexpected(std::move(name).error());
    const auto arguments = parse_arguments(arguments_json);
    if (!arguments) return std::unexpected(arguments.error());
    QueryText query{.function = *std::move(name), .arguments = canonical_json(*arguments)};
    const SubscriberId id = core_->next_subscriber();
    auto gate = std::make_shared<Gate>(std::move(on_result));
    core_->post([id, gate, query = std::move(query)](Session& session) mutable {
      session.subscribe(id, std::move(query),
                        [gate](const Outcome<std::string>& outcome) { gate->pass(outcome); });
    });
    return std::make_unique<SubscriptionHandle>(core_, id, std::move(gate));
  }

  void query(std::string_view function,
             std::string_view arguments_json,
             OnAnswer on_answer) override {
    call(Session::CallKind::Query, function, arguments_json, std::move(on_answer));
  }
  void mutation(std::string_view function,
                std::string_view arguments_json,
                OnAnswer on_answer) override {
    call(Session::CallKind::Mutation, function, arguments_json, std::move(on_answer));
  }
  void action(std::string_view function,
              std::string_view arguments_json,
              OnAnswer on_answer) override {
    call(Session::CallKind::Action, function, arguments_json, std::move(on_answer));
  }

  void set_token(std::string token) override {
    core_->post([core = core_.get(), token = std::move(token)](Session& session) mutable {
      if (!is_utf8(token)) return core->identity_changed(invalid("the token is not UTF-8"));
      session.set_token(std::move(token));
    });
  }
  State state() const override { return core_->state(); }
  void wake() override {
    core_->post([](Session& session) { session.wake(); });
  }
  void close() override { core_->close(); }

 private:
  void call(Session::CallKind kind,
            std::string_view function,
            std::string_view arguments_json,
            OnAnswer on_answer) {
    auto name = function_name(function);
    const auto arguments = parse_arguments(arguments_json);
    if (!name || !arguments) {
      // From the loop, as every answer.
      return core_->post([on_answer = std::move(on_answer),
                          failure = name ? arguments.error() : name.error()](Session&) mutable {
        on_answer(std::unexpected(std::move(failure)));
      });
    }
    // Equal queries have equal texts; documents keep the order of their members.
    CallRequest request{.function = *std::move(name),
                        .arguments = kind == Session::CallKind::Query ? canonical_json(*arguments)
                                                                      : to_json(*arguments),
                        .on_answer = std::move(on_answer)};
    core_->post([kind, request = std::move(request)](Session& session) mutable {
      session.call(kind, std::move(request));
    });
  }

  LoopThreads& threads_;
  std::shared_ptr<Core> core_;  // shared with what is posted
};

using Call = void (Client::*)(std::string_view, std::string_view, Client::OnAnswer);

std::future<Outcome<std::string>> future_of(Client& client,
                                            Call call,
                                            std::string_view function,
                                            std::string_view arguments_json) {
  std::promise<Outcome<std::string>> promise;
  auto future = promise.get_future();
  (client.*call)(function, arguments_json,
                 [promise = std::move(promise)](Outcome<std::string> answer) mutable {
                   promise.set_value(std::move(answer));
                 });
  return future;
}

}  // namespace

std::unique_ptr<Loop> Loop::start(std::size_t threads) {
  return std::make_unique<LoopThreads>(threads);
}

Outcome<std::unique_ptr<Client>> Client::connect(Loop& loop,
                                                 std::string_view url,
                                                 Options options) {
  auto address = parse_address(url);
  if (!address) return std::unexpected(std::move(address).error());
  if (auto sound = check_options(options); !sound) return std::unexpected(sound.error());
  // Loop::start makes no other.
  return std::make_unique<ClientHandle>(static_cast<LoopThreads&>(loop), *std::move(address),
                                        std::move(options));
}

std::future<Outcome<std::string>> Client::query(std::string_view function,
                                                std::string_view arguments_json) {
  return future_of(*this, &Client::query, function, arguments_json);
}

std::future<Outcome<std::string>> Client::mutation(std::string_view function,
                                                   std::string_view arguments_json) {
  return future_of(*this, &Client::mutation, function, arguments_json);
}

std::future<Outcome<std::string>> Client::action(std::string_view function,
                                                 std::string_view arguments_json) {
  return future_of(*this, &Client::action, function, arguments_json);
}

}  // namespace moonstone::client
