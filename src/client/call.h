// Moonstone. Licence: see LICENSE.
#pragma once
// Call: a mutation or an action that has no answer yet, and what both kinds have in common.
// Threads: confined to the client's loop.

#include <chrono>
#include <string>
#include <string_view>

#include "client/timers.h"
#include "moonstone/client.h"

namespace moonstone::client {

/// Until a message that the server refused to look at (`rate_limited`) is sent again.
inline constexpr std::chrono::seconds kRateLimitedRetry{1};
inline constexpr std::string_view kRateLimited = "rate_limited";

struct CallRequest {
  std::string function;
  std::string arguments;  // JSON text
  Client::OnAnswer on_answer;
};

struct Call {
  Call(Timers& timers, std::string call_id, CallRequest call_request)
      : id(std::move(call_id)), request(std::move(call_request)), timer(timers) {}

  std::string id;  // JSON text
  CallRequest request;
  bool was_sent = false;
  Timer timer;  // to its time-out, or to its next attempt
};

[[nodiscard]] inline Failure timeout_failure(std::string_view kind, const Call& call) {
  return {.code = "request_timeout",
          .message = "Request timed out: " + std::string(kind) + " " + call.request.function +
                     (call.was_sent ? " was sent and may have run"
                                    : " was not sent: the server has not taken the token")};
}

}  // namespace moonstone::client
