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
//  (4) Frames after a token are handled once it has been checked, under what it proves.
//  (5) After the frame that answers a change of identity, nothing arrives that was meant for the
//      former one.
// Threads: on_text, on_writable and on_closed come from the connection's strand, the Subscriber
// calls from the live engine's, verdicts on tokens from anywhere; frames pass through a mailbox.
// Source: functions.md sections 9 and 21.18-21.28.

#include <cstddef>
#include <memory>
#include <string_view>

#include "engine/session.h"
#include "protocol/functions/authentication.h"
#include "protocol/functions/function_host.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

struct SessionLimits {
  std::size_t messages_per_second = 50;    // pings excepted; 0: none
  std::size_t subscriptions_max = 10'000;  // per connection; bounds its memory
  // What the subscriptions of a connection may hold, requests and latest results, before no further
  // one is opened.
  std::size_t subscription_bytes_max = std::size_t{64} * 1024 * 1024;
  std::size_t unsent_bytes_max = std::size_t{8} * 1024 * 1024;  // beyond, its queries skip versions
};

/// Who opened the socket.
struct SocketCaller {
  engine::Session session = {};
  Caller rights = Caller::Client;
  SocketAuthentication authentication = {};
};

class FunctionSession final : public SocketSession {
 public:
  /// `host` must outlive the session, and `who.authentication` all of its checks.
  FunctionSession(FunctionHost& host,
                  SocketSinkPtr sink,
                  const SessionLimits& limits,
                  SocketCaller who = {});
  ~FunctionSession() override;

  void on_text(std::string_view text) override;
  void on_writable() override;
  void on_closed() override;

  /// Tells the client that its subscriptions are gone (after a reset).
  void send_reset();

 private:
  class Core;

  std::shared_ptr<Core> core_;  // shared with the checks of tokens and the alarm of their end
};

}  // namespace moonstone::protocol::functions
