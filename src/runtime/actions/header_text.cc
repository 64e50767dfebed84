// Moonstone. Licence: see LICENSE.
#include "runtime/actions/internal/header_text.h"

namespace moonstone::actions {
namespace {

constexpr unsigned char kContinues = 0x80;       // 10xxxxxx
constexpr unsigned char kFirstOfTwoLow = 0xC2;   // of U+0080 to U+00BF
constexpr unsigned char kFirstOfTwoHigh = 0xC3;  // of U+00C0 to U+00FF

}  // namespace

std::string header_text_of(std::string_view bytes) {
  std::string text;
  text.reserve(bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x80U) {
      text += c;
      continue;
    }
    text += static_cast<char>(byte < 0xC0U ? kFirstOfTwoLow : kFirstOfTwoHigh);
    text += static_cast<char>(kContinues | (byte & 0x3FU));
  }
  return text;
}

std::string header_bytes_of(std::string_view text) {
  std::string bytes;
  bytes.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto first = static_cast<unsigned char>(text[i]);
    const bool is_of_two =
        (first == kFirstOfTwoLow || first == kFirstOfTwoHigh) && i + 1 < text.size();
    if (!is_of_two) {
      bytes += text[i];
      continue;
    }
    const auto second = static_cast<unsigned char>(text[++i]);
    bytes += static_cast<char>((first == kFirstOfTwoLow ? 0x80U : 0xC0U) | (second & 0x3FU));
  }
  return bytes;
}

}  // namespace moonstone::actions
