// Moonstone. Licence: see LICENSE.
#include "bench/load/frames.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <utility>

namespace moonstone::bench {

namespace {

constexpr std::size_t kShortMax = 125;
constexpr std::size_t kTwoBytesMax = 0xFFFF;
constexpr unsigned char kMasked = 0x80;
constexpr unsigned char kTwoBytes = 126;
constexpr unsigned char kEightBytes = 127;
constexpr std::string_view kZeroMask{"\0\0\0\0", 4};

void append_number(std::string& out, std::size_t number, int bytes) {
  for (int shift = 8 * (bytes - 1); shift >= 0; shift -= 8)
    out.push_back(static_cast<char>(number >> static_cast<unsigned>(shift) & 0xFFU));
}

std::size_t read_number(std::string_view bytes) {
  std::size_t number = 0;
  for (const char byte : bytes)
    number = number << 8U | static_cast<unsigned char>(byte);
  return number;
}

constexpr std::array<std::pair<std::string_view, MessageKind>, 5> kKinds{{
    {"result", MessageKind::Result},
    {"update", MessageKind::Update},
    {"mutationResult", MessageKind::MutationResult},
    {"error", MessageKind::Error},
    {"hello", MessageKind::Hello},
}};

}  // namespace

void append_frame(std::string& out, std::initializer_list<std::string_view> parts) {
  std::size_t length = 0;
  for (const std::string_view part : parts)
    length += part.size();
  out.push_back(static_cast<char>(kWholeText));
  if (length <= kShortMax) {
    append_number(out, kMasked | length, 1);
  } else if (length <= kTwoBytesMax) {
    append_number(out, kMasked | kTwoBytes, 1);
    append_number(out, length, 2);
  } else {
    append_number(out, kMasked | kEightBytes, 1);
    append_number(out, length, 8);
  }
  out.append(kZeroMask);
  for (const std::string_view part : parts)
    out.append(part);
}

std::optional<Frame> take_frame(std::string_view& bytes) {
  std::size_t head = 2;
  if (bytes.size() < head) return std::nullopt;
  std::size_t length = static_cast<unsigned char>(bytes[1]);
  const std::size_t length_bytes = length == kTwoBytes ? 2 : length == kEightBytes ? 8 : 0;
  if (length_bytes > 0) {
    head += length_bytes;
    if (bytes.size() < head) return std::nullopt;
    length = read_number(bytes.substr(2, length_bytes));
  }
  if (bytes.size() - head < length) return std::nullopt;
  const Frame frame{.head = static_cast<unsigned char>(bytes[0]),
                    .payload = bytes.substr(head, length)};
  bytes.remove_prefix(head + length);
  return frame;
}

Message read_message(std::string_view text) {
  constexpr std::string_view kType = R"({"type":")";
  constexpr std::string_view kId = R"(","id":")";
  Message message{.text = text};
  if (!text.starts_with(kType)) return message;
  std::string_view rest = text.substr(kType.size());
  const std::string_view type = rest.substr(0, rest.find('"'));
  for (const auto& [name, kind] : kKinds)
    if (name == type) message.kind = kind;
  rest.remove_prefix(type.size());
  if (rest.starts_with(kId)) {
    rest.remove_prefix(kId.size());
    std::from_chars(rest.data(), rest.data() + rest.size(), message.id);
  }
  return message;
}

}  // namespace moonstone::bench
