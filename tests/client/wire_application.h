// Moonstone. Licence: see LICENSE.
#pragma once
// A small backend that speaks the functions protocol: one counter, a ledger of mutations, and ways
// to misbehave. It outlives servers, so that one can be started again in front of it.
//
//   query    c:get       the counter          c:fail   an error
//   mutation c:add       adds one, tells all subscribers, answers the counter
//            c:quiet     the same without telling
//            c:cut       adds one and ends the connection instead of answering
//   action   c:echo      its arguments        c:hold   no answer        c:cut   ends the connection
// Threads: synchronised.

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/transport.h"

namespace moonstone::client::testing {

class WireApplication final : public protocol::Application {
 public:
  void handle(protocol::HttpRequest request, protocol::Respond respond) override;
  /// Refuses every path but /ws with 403 and the body `not here`.
  void accept(protocol::HttpRequest request, protocol::SocketSinkPtr sink, Decide decide) override;

  [[nodiscard]] int count();
  [[nodiscard]] std::size_t clients();  // that ever said hello
  [[nodiscard]] std::string last_header();
  /// Sends to everybody.
  void broadcast(const std::string& text);

 private:
  class Session;

  struct State {
    int count = 0;
    std::map<std::string, std::string> ledger;  // by client and id
    std::set<std::string> clients;
    std::set<Session*> sessions;
    std::string last_header;
  };
  void tell_all(const State& state);

  std::mutex mutex_;
  State state_;
};

}  // namespace moonstone::client::testing
