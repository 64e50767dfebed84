// Moonstone. Licence: see LICENSE.
#pragma once
// ActionCalls: actions, sent as they come and answered in any order. An action may have effects in
// the world, so one that was sent is never sent again: when its connection goes, it fails.
// Threads: confined to the client's loop.

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "client/call.h"
#include "client/outbox.h"
#include "client/timers.h"

namespace moonstone::client {

class ActionCalls {
 public:
  ActionCalls(Timers& timers, Outbox& outbox, std::chrono::milliseconds timeout)
      : timers_(timers), outbox_(outbox), timeout_(timeout) {}

  void add(CallRequest request);
  void connection_opened();
  /// Fails what was sent.
  void connection_lost();
  /// Takes an answer; returns whether it belongs to an action.
  bool settle(std::string_view id, Outcome<std::string> answer);
  /// Fails everything that waits.
  void fail_all(const Failure& failure);
  [[nodiscard]] std::size_t size() const { return calls_.size(); }

 private:
  // By number, so that they are sent in the order of the calls.
  using Calls = std::map<std::uint64_t, std::unique_ptr<Call>>;

  void send(Call& call);
  std::unique_ptr<Call> take(Calls::iterator place);
  Calls::iterator find(std::string_view id);

  Timers& timers_;
  Outbox& outbox_;
  const std::chrono::milliseconds timeout_;
  Calls calls_;
  std::uint64_t last_number_ = 0;
  bool is_open_ = false;
};

}  // namespace moonstone::client
