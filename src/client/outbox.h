// Moonstone. Licence: see LICENSE.
#pragma once
// Outbox: sends messages in order, at most so many in any second, because the server drops what is
// beyond its own limit, and none that is too long, with which the server would end the connection;
// sent again on the next one, it would do so for ever.
//
// Renewals (subscriptions of an earlier connection) go first, so that a call finds its
// subscriptions in place; where they are too many for one burst, the two take turns: a thousand
// subscriptions must not hold up a call for half a minute. Threads: confined to the client's loop.

#include <chrono>
#include <cstddef>
#include <deque>
#include <functional>
#include <string>
#include <string_view>

#include "client/timers.h"

namespace moonstone::client {

enum class Lane : unsigned char { Call, Renewal };

struct OutgoingMessage {
  std::string id;  // empty: none; see Outbox::cancel
  std::string text;
  std::function<void()> on_sent = nullptr;
};

class Outbox {
 public:
  using Transmit = std::function<void(std::string text)>;

  /// Gets the id of a message that is too long instead of the server.
  using OnTooLong = std::function<void(const std::string& id, std::size_t bytes)>;
  struct Limits {
    std::size_t per_second = 0;  // 0: no limit
    std::size_t bytes_max = 0;   // of one message; 0: no limit
  };

  Outbox(Timers& timers, Limits limits, Transmit transmit, OnTooLong on_too_long);

  /// Queues; flush() sends.
  void push(OutgoingMessage message, Lane lane);
  /// Takes back the message with this id if it waits for its turn; returns whether it did.
  /// Cost: O(messages that wait).
  bool cancel(std::string_view id);
  /// Forgets everything, for a new connection.
  void clear();
  /// Sends what may go now; the rest follows by itself.
  void flush();

 private:
  using Queue = std::deque<OutgoingMessage>;
  /// The lane whose turn it is.
  Queue& next_queue();
  [[nodiscard]] bool is_over_limit();

  Timers& timers_;
  const Limits limits_;
  Transmit transmit_;
  OnTooLong on_too_long_;
  Queue calls_;
  Queue renewals_;
  std::deque<Timers::Time> sent_at_;  // within the last second
  bool is_turn_of_renewals_ = true;
  Timer timer_;
};

}  // namespace moonstone::client
