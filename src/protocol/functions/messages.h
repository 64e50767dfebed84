// Moonstone. Licence: see LICENSE.
#pragma once
// The frames of the functions protocol, decoded and encoded; no state, no I/O.
//
// Grammar (one JSON object per text frame, functions.md section 9 and 21.18):
//   client: query|mutation|action {id, fn, args?} | unsubscribe {id} | ping
//           | hello {client, token?, capabilities?} | auth {token}
//   server: result|actionResult {id, result?} | mutationResult {id, result?, late?: [id]}
//           | update {id, late?: true, result}
//           | updates {items: [{id, late?: true, result}]} | error {id?, code, message} | reset |
//           pong | hello | auth {id?, authenticated, expiresInMs?}
// An id is any JSON value and comes back as it was sent, so it is kept as its JSON text.
// Threads: pure functions.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/result.h"
#include "base/value.h"
#include "protocol/transport.h"

namespace moonstone::protocol::functions {

enum class MessageKind : unsigned char {
  Query,
  Mutation,
  Action,
  Unsubscribe,
  Ping,
  Hello,
  Auth,
  Unknown,  // ignored, so that newer clients can talk to us
};

/// An id is echoed with every answer and kept with every subscription, so it is not for content.
inline constexpr std::size_t kWireIdBytesMax = 1024;

struct ClientMessage {
  MessageKind kind = MessageKind::Unknown;
  std::string id;                                   // JSON text; empty: none was sent
  std::string function;                             // as sent
  Value args;                                       // undefined if absent
  std::string client;                               // Hello
  std::optional<std::string> token = std::nullopt;  // Hello, Auth; empty: null was sent
  std::size_t bytes = 0;                            // of the frame
};

/// Errors: InvalidArgument for text that is not a JSON object (the frame is then ignored, 9.3),
/// LimitExceeded for one beyond the JSON limits, or whose id is (reason "id_bytes").
[[nodiscard]] Result<ClientMessage> decode_client_message(std::string_view text);

/// The id of a frame that was refused, as JSON text; empty if there is none that could be answered.
[[nodiscard]] std::string wire_id_of(std::string_view text);

using SharedText = std::shared_ptr<const std::string>;

[[nodiscard]] Frame encode_result(std::string_view id, SharedText json);
struct UpdateItem {
  std::string id;
  SharedText json;
  bool is_late = false;  // older than a mutation that named it as late; another one follows
};
[[nodiscard]] Frame encode_updates(std::span<const UpdateItem> updates);
/// `json` absent: the member `result` is left out, which clients read as undefined.
/// `late`: ids of the subscriptions that may still change because of it (JSON texts, as sent).
[[nodiscard]] Frame encode_mutation_result(std::string_view id,
                                           const std::optional<std::string>& json,
                                           std::span<const std::string> late);
/// `json` null: as above.
[[nodiscard]] Frame encode_action_result(std::string_view id, const SharedText& json);
[[nodiscard]] Frame encode_error(std::string_view id,
                                 std::string_view code,
                                 std::string_view message);
/// Answers a token; `lasts_ms` nothing: there is no identity now.
[[nodiscard]] Frame encode_auth(std::string_view id, std::optional<std::int64_t> lasts_ms);
[[nodiscard]] Frame encode_reset();
[[nodiscard]] Frame encode_pong();
[[nodiscard]] Frame encode_hello(std::string_view server_version);

/// The wire code of an error: the one table of this protocol (functions.md 9.2).
[[nodiscard]] std::string_view wire_code_of(const Error& error);

}  // namespace moonstone::protocol::functions
