// Moonstone. Licence: see LICENSE.
#pragma once
// Session: one client without its socket, its threads and its clock: what it sends and whom it
// tells when something was called, came, got lost, or is due.
//
// Connection: Disconnected -> Connecting -> Connected -> Disconnected, with growing delays between
// the attempts; after the last one the session waits for wake() or another call. Nothing is sent
// before the hello frame, which names the client, so that its mutations are applied once.
// Threads: confined to the client's loop. Callbacks must not come back into the session before the
// call that caused them has returned; a host posts what they ask for.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "client/action_calls.h"
#include "client/call.h"
#include "client/frames.h"
#include "client/mutation_queue.h"
#include "client/outbox.h"
#include "client/subscriptions.h"
#include "client/timers.h"
#include "moonstone/client.h"

namespace moonstone::client {

/// What a session needs of the world. Calls do not come back into the session.
class SessionHost {
 public:
  virtual ~SessionHost() = default;
  /// Begins an attempt. It ends in Session::opened() or Session::lost().
  virtual void open_socket() = 0;
  virtual void send(std::string text) = 0;
  /// How a socket ends: with a goodbye, or given up because nobody answers. Nothing comes from it
  /// any more.
  enum class End : unsigned char { Goodbye, GiveUp };
  virtual void close_socket(End end) = 0;
  virtual void state_changed(State state, const std::string& why) = 0;
  virtual void identity_changed(const Outcome<Identity>& identity) = 0;
};

class Session {
 public:
  enum class CallKind : unsigned char { Query, Mutation, Action };

  /// The callbacks of `options` are the host's business.
  /// Lifetime: the references outlive the session.
  Session(SessionHost& host, Clock& clock, Random& random, Options options);

  // What the owner asks for. Every call is followed by end_turn().
  void wake();
  void close();
  void set_token(std::string token);
  /// The caller chooses the id, with the lowest bit 0.
  void subscribe(SubscriberId id, QueryText query, Subscriptions::OnResult on_result);
  void unsubscribe(SubscriberId id);
  void call(CallKind kind, CallRequest request);

  // What the socket brings. Every call is followed by end_turn().
  void opened();
  void received(std::string_view text);
  void lost(const std::string& why);

  /// Runs what is due.
  void run_due() { timers_.run_due(); }
  /// Sends what this turn has brought; answers when to call run_due(), if ever.
  [[nodiscard]] std::optional<Timers::Time> end_turn();

 private:
  struct QueryCall {
    QueryCall(Timers& timers, CallRequest call_request)
        : request(std::move(call_request)), timer(timers) {}
    CallRequest request;
    Timer timer;
  };

  // Connection.
  void wake_if_given_up();
  void connect();
  void beat();
  void change_state(State state, const std::string& why);
  [[nodiscard]] std::optional<std::chrono::milliseconds> next_delay();
  void fail_all(const Failure& failure);
  // Frames.
  void failed(std::string_view id, const Failure& failure);
  /// What we would have sent under this id.
  void too_long(const std::string& id, std::size_t bytes);
  /// Whether what the server says under this id is about the newest token.
  [[nodiscard]] bool is_newest_token(std::string_view id) const;
  bool token_failed(std::string_view id, const Failure& failure);
  void identified(const ServerFrame& frame);
  // Queries that run once.
  void query_once(CallRequest request);
  void time_query(SubscriberId id, QueryCall& call);
  void answer_query(SubscriberId id, Outcome<std::string> answer);

  SessionHost& host_;
  Random& random_;
  const Options options_;
  const std::string client_id_;
  std::string token_;
  Timers timers_;
  Outbox outbox_;
  Subscriptions subscriptions_;
  MutationQueue mutations_;
  ActionCalls actions_;
  std::map<SubscriberId, std::unique_ptr<QueryCall>> queries_;
  // Answered, but still subscribers: they leave when nobody walks over the subscribers.
  std::vector<SubscriberId> answered_queries_;
  State state_ = State::Disconnected;
  std::size_t attempts_ = 0;
  std::uint64_t last_query_ = 0;
  std::uint64_t last_auth_ = 0;
  Timers::Time last_heard_;
  Timer retry_timer_;
  Timer connect_timer_;
  Timer heartbeat_timer_;
  Timer token_timer_;          // to the next attempt of a refused auth frame
  bool awaits_token_ = false;  // the server has not answered the last auth frame
  bool is_closed_ = false;
};

}  // namespace moonstone::client
