// Moonstone. Licence: see LICENSE.
#include "utf8.h"

#include <cstdint>
#include <cstring>

namespace moonstone::node {

namespace {

constexpr std::uint64_t kHighBits = 0x8080808080808080;
constexpr std::string_view kReplacement = "\xEF\xBF\xBD";

unsigned char at(std::string_view text, std::size_t index) {
  return static_cast<unsigned char>(text[index]);
}

/// The length of a run of ASCII from `begin` on, in steps of eight bytes and then of one.
std::size_t ascii_end(std::string_view text, std::size_t begin) {
  std::size_t index = begin;
  while (index + 8 <= text.size()) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + index, 8);
    if ((word & kHighBits) != 0) break;
    index += 8;
  }
  while (index < text.size() && at(text, index) < 0x80)
    ++index;
  return index;
}

/// The length of the character at `index`, which is not ASCII; 0: none begins there. Refuses
/// overlong forms, surrogates and what is beyond U+10FFFF.
std::size_t character_length(std::string_view text, std::size_t index) {
  const unsigned char lead = at(text, index);
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || index + length > text.size()) return 0;
  const unsigned char second = at(text, index + 1);
  if (lead == 0xE0 && second < 0xA0) return 0;
  if (lead == 0xED && second > 0x9F) return 0;
  if (lead == 0xF0 && second < 0x90) return 0;
  if (lead == 0xF4 && second > 0x8F) return 0;
  for (std::size_t i = 1; i < length; ++i) {
    if ((at(text, index + i) & 0xC0U) != 0x80) return 0;
  }
  return length;
}

}  // namespace

Utf8Facts measure_utf8(std::string_view text) {
  std::size_t index = ascii_end(text, 0);
  if (index == text.size()) return {.units = text.size()};
  Utf8Facts facts{.is_ascii = false, .units = index};
  while (index < text.size()) {
    const std::size_t length = character_length(text, index);
    if (length == 0) return {.is_ascii = false, .is_valid = false};
    facts.units += length == 4 ? 2 : 1;
    index += length;
    const std::size_t end = ascii_end(text, index);
    facts.units += end - index;
    index = end;
  }
  return facts;
}

std::string repair_utf8(std::string_view text) {
  std::string repaired;
  repaired.reserve(text.size() + 8);
  std::size_t index = 0;
  while (index < text.size()) {
    const std::size_t end = ascii_end(text, index);
    repaired += text.substr(index, end - index);
    index = end;
    if (index == text.size()) break;
    const std::size_t length = character_length(text, index);
    repaired += length == 0 ? kReplacement : text.substr(index, length);
    index += length == 0 ? 1 : length;
  }
  return repaired;
}

std::size_t bytes_of_units(std::string_view text, std::size_t units) {
  if (units <= text.size() && ascii_end(text.substr(0, units), 0) == units) return units;
  std::size_t index = 0;
  std::size_t left = units;
  while (left > 0 && index < text.size()) {
    const unsigned char lead = at(text, index);
    const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    const std::size_t taken = length == 4 ? 2 : 1;
    if (taken > left) break;
    left -= taken;
    index += length;
  }
  return index < text.size() ? index : text.size();
}

}  // namespace moonstone::node
