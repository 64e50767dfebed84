// Moonstone. Licence: see LICENSE.
#pragma once
// Subscriptions: who wants which query.
//
// Equal queries share one subscription at the server, which is sent exactly once per connection.
// Each subscriber hears each result that differs from what it heard last, and each failure.
// Callbacks must not come back into this object before their call has returned.
// Threads: confined to the client's loop.

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "client/frames.h"
#include "client/outbox.h"
#include "client/timers.h"
#include "moonstone/client.h"

namespace moonstone::client {

using SubscriberId = std::uint64_t;

/// A query as it is asked: `arguments` is canonical JSON, so that equal ones have equal texts.
struct QueryText {
  std::string function;
  std::string arguments;
};

class Subscriptions {
 public:
  using OnResult = std::function<void(const Outcome<std::string>&)>;
  /// Whom a result of an earlier connection serves.
  enum class Accepts : unsigned char { OldResult, FreshResult };

  Subscriptions(Timers& timers, Outbox& outbox) : timers_(timers), outbox_(outbox) {}

  /// The current result, if there is one, is told within the call. The caller chooses the id, which
  /// must be new.
  void add(SubscriberId id, QueryText query, OnResult on_result, Accepts accepts);
  /// Unknown ids are ignored.
  void remove(SubscriberId id);

  /// Sends everything: whatever is pushed from now on goes to a connection.
  void connection_opened();
  void connection_lost();
  /// The server has forgotten all subscriptions, and all results with them.
  void reset();
  /// Asks again for what the server refused: it may know us under another identity now.
  void renew_failed();
  /// Takes the results of one commit: all are stored before anybody is told.
  void accept(std::span<const FrameItem> items);
  /// Takes a failure; returns whether it belongs to a subscription.
  bool fail(std::string_view id, const Failure& failure);

 private:
  struct Subscriber {
    OnResult on_result;
    Accepts accepts = Accepts::OldResult;
    bool has_heard = false;  // the current result
  };
  enum class Age : unsigned char {
    Void,   // the server has lost sight of it
    Old,    // it came on an earlier connection
    Fresh,  // it came on this connection
  };
  struct Entry {
    Entry(Timers& timers, std::uint64_t entry_number, QueryText text)
        : number(entry_number), query(std::move(text)), retry(timers) {}

    std::uint64_t number;
    QueryText query;
    std::map<SubscriberId, Subscriber> subscribers;  // in the order in which they came
    std::optional<Outcome<std::string>> result;      // never a failure
    Age age = Age::Void;
    bool has_failed = false;  // the server sends nothing for it
    Timer retry;
  };
  using EntryPtr = std::unique_ptr<Entry>;

  Entry& entry_for(QueryText query);
  Entry* find(std::string_view id);
  void send(Entry& entry, Lane lane);
  void send_unsubscribe(std::string_view id);
  static void tell_result(Entry& entry);

  Timers& timers_;
  Outbox& outbox_;
  std::map<std::uint64_t, EntryPtr> entries_;  // by number
  std::unordered_map<std::string, Entry*> by_key_;
  std::unordered_map<SubscriberId, Entry*> by_subscriber_;
  // Unsubscribes that the server refused to look at, by the id of the subscription.
  std::map<std::string, Timer, std::less<>> refused_unsubscribes_;
  std::uint64_t last_number_ = 0;
  bool is_open_ = false;
};

}  // namespace moonstone::client
