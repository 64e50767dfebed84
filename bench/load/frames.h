// Moonstone. Licence: see LICENSE.
#pragma once
// The wire as the load generator needs it: masked text frames out, whole text frames in, and of a
// message only what kind it is and which request it answers.
//
// It is no general client: ids are the numbers that it has sent itself, as texts, and the members
// `type` and `id` come first, as our server writes them. Anything else is MessageKind::Other.
// Threads: pure functions.

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>

namespace moonstone::bench {

/// Appends one text frame whose payload is all of `parts`. The mask is zero, which a server must
/// take like any other and which leaves the payload as it is.
void append_frame(std::string& out, std::initializer_list<std::string_view> parts);

struct Frame {
  unsigned char head = 0;  // the first byte: 0x81 is a whole text message
  std::string_view payload;
};
inline constexpr unsigned char kWholeText = 0x81;

/// Takes the first frame off `bytes`; nothing if it is not there as a whole.
[[nodiscard]] std::optional<Frame> take_frame(std::string_view& bytes);

enum class MessageKind : unsigned char { Result, Update, MutationResult, Error, Hello, Other };

struct Message {
  MessageKind kind = MessageKind::Other;
  std::uint64_t id = 0;   // 0: none
  std::string_view text;  // the whole message
};

[[nodiscard]] Message read_message(std::string_view text);

}  // namespace moonstone::bench
