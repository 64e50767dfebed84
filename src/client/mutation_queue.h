// Moonstone. Licence: see LICENSE.
#pragma once
// MutationQueue: mutations, one after the other in the order of the calls. The next is sent when
// the one before is answered, so that none can overtake, whatever happens to the connection
// between.
//
// Ids count up per client. The server remembers the answers to a client that announced itself, so
// one that was sent and not answered is sent again under its id on the next connection and is
// applied exactly once; only after that connection's server said hello, though: a server without
// that memory would apply it twice.
// Threads: confined to the client's loop.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string_view>

#include "client/call.h"
#include "client/outbox.h"
#include "client/timers.h"

namespace moonstone::client {

class MutationQueue {
 public:
  MutationQueue(Timers& timers, Outbox& outbox, std::chrono::milliseconds timeout)
      : timers_(timers), outbox_(outbox), timeout_(timeout) {}

  void add(CallRequest request);
  void connection_opened();
  /// The server said hello: it knows this client and its mutations.
  void server_greeted();
  void connection_lost();
  /// Nothing is sent until release(): the server does not know for whom it would run.
  void hold() { is_held_ = true; }
  void release();
  /// Takes an answer; returns whether it belongs to a mutation.
  bool settle(std::string_view id, Outcome<std::string> answer);
  /// Fails everything that waits.
  void fail_all(const Failure& failure);
  [[nodiscard]] std::size_t size() const { return waiting_.size(); }

 private:
  void pump();
  void send_head();
  void give_up_on_head();
  std::unique_ptr<Call> take_head();

  Timers& timers_;
  Outbox& outbox_;
  const std::chrono::milliseconds timeout_;
  std::deque<std::unique_ptr<Call>> waiting_;
  std::uint64_t last_id_ = 0;
  bool is_underway_ = false;  // the head
  bool is_open_ = false;
  bool server_remembers_ = false;
  bool is_held_ = false;
};

}  // namespace moonstone::client
