// Moonstone. Licence: see LICENSE.
#include "protocol/byte_range.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "protocol/transport.h"

namespace moonstone::protocol {
namespace {

std::string_view trimmed(std::string_view text) {
  const auto is_space = [](char c) { return c == ' ' || c == '\t'; };
  while (!text.empty() && is_space(text.front()))
    text.remove_prefix(1);
  while (!text.empty() && is_space(text.back()))
    text.remove_suffix(1);
  return text;
}

/// Digits only; a number that no file can reach counts as the largest.
std::optional<std::uint64_t> read_position(std::string_view text) {
  const bool is_number =
      !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
  if (!is_number) return std::nullopt;
  std::uint64_t position = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), position);
  return read.ec == std::errc() ? position : std::numeric_limits<std::uint64_t>::max();
}

}  // namespace

RangeChoice choose_range(std::string_view header, std::uint64_t bytes_total) {
  using Kind = RangeChoice::Kind;
  const std::size_t equals = header.find('=');
  if (equals == std::string_view::npos) return {};
  if (!same_header_name(trimmed(header.substr(0, equals)), "bytes")) return {};
  const std::string_view range = trimmed(header.substr(equals + 1));
  const std::size_t dash = range.find('-');
  if (dash == std::string_view::npos) return {};
  const auto last = read_position(range.substr(dash + 1));
  if (dash == 0) {
    if (!last) return {};
    if (*last == 0) return {.kind = Kind::Unsatisfiable, .range = {}};
    // All of nothing cannot be written as a Content-Range.
    if (bytes_total == 0) return {};
    const std::uint64_t count = std::min(*last, bytes_total);
    return {.kind = Kind::Part, .range = {.first = bytes_total - count, .count = count}};
  }
  const auto first = read_position(range.substr(0, dash));
  if (!first || (!last && dash + 1 != range.size()) || (last && *last < *first)) return {};
  if (*first >= bytes_total) return {.kind = Kind::Unsatisfiable, .range = {}};
  const std::uint64_t end = std::min(last.value_or(bytes_total - 1), bytes_total - 1);
  return {.kind = Kind::Part, .range = {.first = *first, .count = end - *first + 1}};
}

bool allows_range(std::string_view if_range, std::string_view tag) {
  return if_range.empty() || (if_range == tag && tag.starts_with('"'));
}

std::string content_range_of(const ByteRange& range, std::uint64_t bytes_total) {
  return "bytes " + std::to_string(range.first) + "-" +
         std::to_string(range.first + range.count - 1) + "/" + std::to_string(bytes_total);
}

std::string unsatisfied_range_of(std::uint64_t bytes_total) {
  return "bytes */" + std::to_string(bytes_total);
}

}  // namespace moonstone::protocol
