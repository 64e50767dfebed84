// Moonstone. Licence: see LICENSE.
#pragma once
// The frames of the functions protocol, seen from a client (grammar: docs/guide/protocol.md).
//
// A received frame is taken apart without building a tree: results stay the text that the server
// wrote, however large they are. What lies inside a result is skipped by counting brackets and is
// not judged; a frame that cannot be taken apart is none.
// Ids are kept as their JSON text: "\"q1\"" or "7".
// Threads: pure functions.

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace moonstone::client {

enum class FrameKind : unsigned char {
  Results,  // result, update, updates
  MutationResult,
  ActionResult,
  Error,
  Auth,
  Hello,
  Reset,
  Unknown,  // pong, and what newer servers may send
};

/// One result; views into the frame's text. Empty `json`: undefined.
struct FrameItem {
  std::string_view id;
  std::string_view json;
};

struct ServerFrame {
  FrameKind kind = FrameKind::Unknown;
  std::string_view id;            // empty: there is none
  std::vector<FrameItem> items;   // Results: of one commit; MutationResult, ActionResult: one
  std::string code;               // Error
  std::string message;            // Error
  bool is_authenticated = false;  // Auth
  std::optional<std::chrono::milliseconds> expires_in;  // Auth
};

/// Nothing if the text is no JSON object or lacks what its type needs.
/// Lifetime: the result points into `text`. Cost: one pass over the text.
[[nodiscard]] std::optional<ServerFrame> read_frame(std::string_view text);

/// An id of ours: a letter and a number.
[[nodiscard]] std::string make_id(char kind, std::uint64_t number);
/// The number in an id of that kind.
[[nodiscard]] std::optional<std::uint64_t> number_of(std::string_view id, char kind);

/// `token` empty: none.
[[nodiscard]] std::string hello_frame(std::string_view client, std::string_view token);
/// `token` empty: null, nobody.
[[nodiscard]] std::string auth_frame(std::string_view id, std::string_view token);
[[nodiscard]] std::string unsubscribe_frame(std::string_view id);

/// `type`: query, mutation or action. `arguments` is JSON text.
struct CallText {
  std::string_view type;
  std::string_view id;
  std::string_view function;
  std::string_view arguments;
};
[[nodiscard]] std::string call_frame(const CallText& call);

inline constexpr std::string_view kPingFrame = R"({"type":"ping"})";

}  // namespace moonstone::client
