// Moonstone. Licence: see LICENSE.
#include "base/encoding.h"

#include <array>
#include <charconv>
#include <cstddef>
#include <cstring>

namespace moonstone {
namespace {

constexpr std::string_view kBase64Alphabet =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> make_base64_digits() {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t index = 0; index < kBase64Alphabet.size(); ++index) {
    digits[static_cast<unsigned char>(kBase64Alphabet[index])] = static_cast<std::uint8_t>(index);
  }
  digits['-'] = 62;
  digits['_'] = 63;
  return digits;
}

constexpr std::array<std::uint8_t, 256> kBase64Digits = make_base64_digits();

std::uint32_t byte_at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

void append_base64_digit(std::uint32_t bits, std::string& out) {
  out.push_back(kBase64Alphabet[bits & 63U]);
}

/// Takes the padding off; nothing if there is padding that does not fill up a group of four.
std::optional<std::string_view> without_padding(std::string_view text) {
  if (!text.ends_with('=')) return text;
  if (text.size() % 4 != 0) return std::nullopt;
  text.remove_suffix(1);
  if (text.ends_with('=')) text.remove_suffix(1);
  return text;
}

bool is_continuation(std::uint32_t byte) {
  return (byte & 0xC0U) == 0x80U;
}

/// The length of the well-formed sequence at the start of `text`, or 0. `text` is not empty.
std::size_t utf8_sequence_length(std::string_view text) {
  const std::uint32_t lead = byte_at(text, 0);
  if (lead < 0x80) return 1;
  if (lead < 0xC2 || lead > 0xF4) return 0;
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  if (text.size() < length) return 0;
  for (std::size_t index = 1; index < length; ++index) {
    if (!is_continuation(byte_at(text, index))) return 0;
  }
  const std::uint32_t second = byte_at(text, 1);
  if (lead == 0xE0 && second < 0xA0) return 0;   // overlong
  if (lead == 0xED && second >= 0xA0) return 0;  // surrogates
  if (lead == 0xF0 && second < 0x90) return 0;   // overlong
  if (lead == 0xF4 && second >= 0x90) return 0;  // beyond U+10FFFF
  return length;
}

/// Drops the ASCII text in front, eight bytes at a time.
std::string_view skip_ascii(std::string_view text) {
  constexpr std::uint64_t kHighBits = 0x8080808080808080;
  while (text.size() >= sizeof(std::uint64_t)) {
    std::uint64_t block = 0;
    std::memcpy(&block, text.data(), sizeof(block));
    if ((block & kHighBits) != 0) break;
    text.remove_prefix(sizeof(block));
  }
  return text;
}

}  // namespace

std::string to_base64(std::string_view bytes) {
  std::string out;
  out.reserve((bytes.size() + 2) / 3 * 4);
  std::size_t index = 0;
  for (; index + 3 <= bytes.size(); index += 3) {
    const std::uint32_t group =
        byte_at(bytes, index) << 16U | byte_at(bytes, index + 1) << 8U | byte_at(bytes, index + 2);
    for (const unsigned shift : {18U, 12U, 6U, 0U}) {
      append_base64_digit(group >> shift, out);
    }
  }
  const std::size_t rest = bytes.size() - index;
  if (rest == 0) return out;
  std::uint32_t group = byte_at(bytes, index) << 16U;
  if (rest == 2) group |= byte_at(bytes, index + 1) << 8U;
  append_base64_digit(group >> 18U, out);
  append_base64_digit(group >> 12U, out);
  if (rest == 2) append_base64_digit(group >> 6U, out);
  out.append(3 - rest, '=');
  return out;
}

std::optional<std::string> from_base64(std::string_view text) {
  const std::optional<std::string_view> digits = without_padding(text);
  if (!digits || digits->size() % 4 == 1) return std::nullopt;
  std::string out;
  out.reserve(digits->size() / 4 * 3 + 2);
  std::uint32_t bits = 0;
  unsigned bit_count = 0;
  for (const char character : *digits) {
    const std::uint8_t digit = kBase64Digits[static_cast<unsigned char>(character)];
    if (digit == kNoDigit) return std::nullopt;
    bits = (bits << 6U) | digit;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out.push_back(static_cast<char>(bits >> bit_count));
    bits &= (1U << bit_count) - 1U;
  }
  // Left-over bits that are set would make two texts mean the same bytes.
  if (bits != 0) return std::nullopt;
  return out;
}

std::string to_hex(std::string_view bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out;
  out.reserve(bytes.size() * 2);
  for (std::size_t index = 0; index < bytes.size(); ++index) {
    out.push_back(kDigits[byte_at(bytes, index) >> 4U]);
    out.push_back(kDigits[byte_at(bytes, index) & 15U]);
  }
  return out;
}

std::optional<std::string> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  std::string out;
  out.reserve(text.size() / 2);
  for (std::size_t index = 0; index < text.size(); index += 2) {
    unsigned byte = 0;
    const char* const pair = text.data() + index;
    const auto parsed = std::from_chars(pair, pair + 2, byte, 16);
    if (parsed.ec != std::errc() || parsed.ptr != pair + 2) return std::nullopt;
    out.push_back(static_cast<char>(byte));
  }
  return out;
}

bool is_utf8(std::string_view text) {
  for (text = skip_ascii(text); !text.empty(); text = skip_ascii(text)) {
    const std::size_t length = utf8_sequence_length(text);
    if (length == 0) return false;
    text.remove_prefix(length);
  }
  return true;
}

std::uint64_t stable_hash(std::string_view text) {
  std::uint64_t hash = 0xCBF29CE484222325;
  for (std::size_t index = 0; index < text.size(); ++index) {
    hash = (hash ^ byte_at(text, index)) * 0x100000001B3;
  }
  return hash;
}

}  // namespace moonstone
