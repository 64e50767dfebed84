// Moonstone. Licence: see LICENSE.
#pragma once
// FunctionSession: one connection that speaks the functions protocol.
//
// Decodes frames, hands calls to the FunctionHost, and turns what comes back into frames. It opens
// no socket and starts no thread: it is fed text and writes to a SocketSink, so that a conversation
// test can play both sides.
// Invariants:
//  (1) Subscriptions are keyed by (connection, wire id); a repeated id replaces its subscription.
//  (2) The pushes that a mutation causes on this connection are sent before its mutationResult.
//  (3) After close nothing is sent and no subscription is left in the live engine.
// Threads: on_text, on_writable and on_closed come from the connection's strand, the Subscriber
// calls from the live engine's; what both touch is guarded.
// Source: functions.md sections 9 and 21.18-21.28.

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "live/live_queries.h"
#include "protocol/functions/function_host.h"
#include "protocol/functions/messages.h"
#include "protocol/functions/rate_limiter.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

struct SessionLimits {
  std::size_t messages_per_second = 50;                         // pings excepted; 0: none
  std::size_t subscriptions_max = 10'000;                       // per connection; bounds its memory
  std::size_t unsent_bytes_max = std::size_t{8} * 1024 * 1024;  // beyond, its queries skip versions
};

class FunctionSession final : public SocketSession {
 public:
  /// `host` must outlive the session.
  FunctionSession(FunctionHost& host,
                  SocketSinkPtr sink,
                  const SessionLimits& limits,
                  engine::Session session = {});
  ~FunctionSession() override;

  void on_text(std::string_view text) override;
  void on_writable() override;
  void on_closed() override;

  /// Tells the client that its subscriptions are gone (after a reset).
  void send_reset();

 private:
  class Channel;

  void start_query(ClientMessage message);
  void start_mutation(ClientMessage message);
  void refuse_action(const ClientMessage& message);
  void greet(const ClientMessage& message);
  void send_error(std::string_view id, const Error& error);

  FunctionHost& host_;
  SessionLimits limits_;
  RateLimiter rate_;
  engine::Session identity_;          // strand only
  std::shared_ptr<Channel> channel_;  // shared with the live engine and pending mutations
};

}  // namespace moonstone::protocol::functions
