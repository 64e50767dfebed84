// Moonstone. Licence: see LICENSE.
#pragma once
// Remote: a running server as the commands that talk to one see it.
// Threads: its functions block their caller.

#include <chrono>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/value.h"
#include "cli/http_client.h"

namespace moonstone::cli {

/// Where `moonstone dev` listens unless told otherwise.
inline constexpr std::string_view kDefaultUrl = "http://localhost:8788";

struct Remote {
  std::string url = std::string(kDefaultUrl);  // also with /t/{tenant}
  std::string admin_key;                       // empty: none

  /// The address of a path of the server, such as "/__admin/run".
  [[nodiscard]] std::string address_of(std::string_view path) const;
  /// A call with the key.
  [[nodiscard]] HttpCall call_to(std::string_view method, std::string_view path) const;
};

/// Makes the call and takes `{"success":true,"result":..}` apart; an absent result is undefined.
/// Errors: FailedPrecondition with the server's message, its `code` as reason (and `stack()`);
/// Unavailable when nobody listens, with the way out; others as call().
[[nodiscard]] Result<Value> ask(const Remote& remote, const HttpCall& call);

/// Calls a function on the server as its administrator. Errors: as ask().
[[nodiscard]] Result<Value> ask_function(const Remote& remote,
                                         std::string_view function,
                                         const Value& args);
/// GETs an answer that is JSON as a whole. Errors: as ask().
[[nodiscard]] Result<Value> ask_json(const Remote& remote, std::string_view path);

/// The error in an answer that is not a success.
[[nodiscard]] Error error_of(const HttpReply& reply);
/// Says what to do about a server that was not reached.
[[nodiscard]] Error explain(const Remote& remote, const Error& error);

}  // namespace moonstone::cli
