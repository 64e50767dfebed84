// Moonstone. Licence: see LICENSE.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <system_error>
#include <vector>

#include <boost/json/basic_parser_impl.hpp>
#include <fmt/format.h>

#include "base/json.h"

namespace moonstone {
namespace {

namespace json = boost::json;

/// Up to here names are compared with each other, above it they are sorted first, so that an
/// object of 10^5 members costs n log n. (Hashing would need a keyed hash against chosen names.)
constexpr std::size_t kMembersComparedMax = 16;

using MemberPositions = std::vector<std::size_t>;

/// The positions of the members, ordered by name and then by position.
MemberPositions positions_by_name(const Object& object) {
  MemberPositions positions(object.size());
  for (std::size_t index = 0; index < positions.size(); ++index) {
    positions[index] = index;
  }
  const auto members = object.begin();
  std::ranges::sort(positions, [members](std::size_t a, std::size_t b) {
    const int order = (members + static_cast<std::ptrdiff_t>(a))
                          ->name.compare((members + static_cast<std::ptrdiff_t>(b))->name);
    return order < 0 || (order == 0 && a < b);
  });
  return positions;
}

bool has_repeated_names_small(const Object& object) {
  for (auto member = object.begin(); member != object.end(); ++member) {
    const auto is_same = [member](const Member& other) { return other.name == member->name; };
    if (std::any_of(object.begin(), member, is_same)) return true;
  }
  return false;
}

/// Keeps of every name the first position and the last value.
void merge_repeated_names(Object& object) {
  const std::size_t count = object.size();
  if (count <= kMembersComparedMax && !has_repeated_names_small(object)) return;
  const auto members = object.begin();
  const auto member_at = [members](std::size_t position) -> Member& {
    return members[static_cast<std::ptrdiff_t>(position)];
  };
  const MemberPositions positions = positions_by_name(object);
  std::vector<bool> is_dropped(count);
  std::size_t dropped_count = 0;
  for (std::size_t start = 0, end = 0; start < count; start = end) {
    const std::string& name = member_at(positions[start]).name;
    for (end = start + 1; end < count && member_at(positions[end]).name == name; ++end) {
      is_dropped[positions[end]] = true;
      ++dropped_count;
    }
    if (end - start == 1) continue;
    member_at(positions[start]).value = std::move(member_at(positions[end - 1]).value);
  }
  if (dropped_count == 0) return;
  Object merged;
  merged.reserve(count - dropped_count);
  for (std::size_t position = 0; position < count; ++position) {
    if (is_dropped[position]) continue;
    Member& member = member_at(position);
    merged.append(std::move(member.name), std::move(member.value));
  }
  object = std::move(merged);
}

/// Receives the parser's events and builds the value in place.
/// Invariant: open_ holds the path from the root to the innermost open array or object. Only the
/// innermost one grows, so the pointers above it stay valid.
class Builder {
 public:
  // The parser demands these; the bytes of the whole text bound all four.
  static constexpr std::size_t max_array_size = SIZE_MAX;
  static constexpr std::size_t max_object_size = SIZE_MAX;
  static constexpr std::size_t max_string_size = SIZE_MAX;
  static constexpr std::size_t max_key_size = SIZE_MAX;

  explicit Builder(std::size_t nodes_max) : nodes_max_(nodes_max) {}

  [[nodiscard]] Value take_root() { return std::move(root_); }

  bool on_document_begin(json::error_code& /*error*/) { return true; }
  bool on_document_end(json::error_code& /*error*/) { return true; }

  bool on_array_begin(json::error_code& error) { return open(Array(), error); }
  bool on_array_end(std::size_t /*count*/, json::error_code& /*error*/) {
    open_.pop_back();
    return true;
  }
  bool on_object_begin(json::error_code& error) { return open(Object(), error); }
  bool on_object_end(std::size_t /*count*/, json::error_code& /*error*/) {
    merge_repeated_names(open_.back()->as_object());
    open_.pop_back();
    return true;
  }

  bool on_key_part(json::string_view part, std::size_t /*size*/, json::error_code& /*error*/) {
    key_.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view rest, std::size_t size, json::error_code& error) {
    return on_key_part(rest, size, error);
  }
  bool on_string_part(json::string_view part, std::size_t /*size*/, json::error_code& /*error*/) {
    text_.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view rest, std::size_t /*size*/, json::error_code& error) {
    if (text_.empty()) return add(std::string(rest.data(), rest.size()), error);
    text_.append(rest.data(), rest.size());
    const bool is_added = add(std::move(text_), error);
    text_.clear();
    return is_added;
  }

  // The whole text is one buffer, so a number arrives with all of its characters; a part is only
  // announced before the parser fails.
  bool on_number_part(json::string_view /*part*/, json::error_code& /*error*/) { return true; }
  bool on_int64(std::int64_t integer, json::string_view text, json::error_code& error) {
    if (integer == 0 && text.starts_with('-')) return add(-0.0, error);
    return add(integer, error);
  }
  bool on_uint64(std::uint64_t integer, json::string_view text, json::error_code& error) {
    return on_double(static_cast<double>(integer), text, error);
  }
  /// The parser's own double may be off by one unit in the last place; it only tells too large
  /// from too small when the exact reader finds the number out of range.
  bool on_double(double estimate, json::string_view text, json::error_code& error) {
    double number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code == std::errc::result_out_of_range) {
      if (std::fabs(estimate) >= 1) {
        error = json::error::exponent_overflow;
        return false;
      }
      number = text.starts_with('-') ? -0.0 : 0.0;
    }
    return add(number, error);
  }
  bool on_bool(bool boolean, json::error_code& error) { return add(boolean, error); }
  bool on_null(json::error_code& error) { return add(nullptr, error); }

  bool on_comment_part(json::string_view /*part*/, json::error_code& /*error*/) { return true; }
  bool on_comment(json::string_view /*rest*/, json::error_code& /*error*/) { return true; }

 private:
  bool open(Value container, json::error_code& error) {
    Value* const placed = place(std::move(container), error);
    if (placed == nullptr) return false;
    open_.push_back(placed);
    return true;
  }

  bool add(Value value, json::error_code& error) {
    return place(std::move(value), error) != nullptr;
  }

  /// Where the value stands now; null when it was one too many.
  Value* place(Value value, json::error_code& error) {
    if (nodes_count_ == nodes_max_) {
      error = json::error::array_too_large;
      return nullptr;
    }
    ++nodes_count_;
    if (open_.empty()) {
      root_ = std::move(value);
      return &root_;
    }
    Value& parent = *open_.back();
    if (parent.is_array()) return &parent.as_array().emplace_back(std::move(value));
    Value& placed = parent.as_object().append(std::move(key_), std::move(value));
    key_.clear();
    return &placed;
  }

  std::size_t nodes_max_;
  std::size_t nodes_count_ = 0;
  Value root_;
  std::vector<Value*> open_;
  std::string key_;
  std::string text_;
};

/// What is wrong, in words for the author of the text.
std::string_view cause_of(const json::error_code& code) {
  if (code == json::error::incomplete) return "the text ends too early";
  if (code == json::error::extra_data) return "text after the end of the value";
  if (code == json::error::exponent_overflow) return "number beyond the range of a double";
  if (code == json::error::illegal_leading_surrogate) return "lone surrogate in a string";
  if (code == json::error::illegal_trailing_surrogate) return "lone surrogate in a string";
  if (code == json::error::expected_utf16_escape) return "lone surrogate in a string";
  if (code == json::error::expected_hex_digit) return "malformed \\u escape";
  return "unexpected character or invalid UTF-8";
}

Error make_error(const json::error_code& code, std::size_t position, const JsonLimits& limits) {
  if (code == json::error::too_deep) {
    return {ErrorCode::LimitExceeded, fmt::format("JSON nested deeper than {} levels at byte {}",
                                                  limits.depth_max, position)};
  }
  if (code == json::error::array_too_large) {
    return {ErrorCode::LimitExceeded,
            fmt::format("JSON with more than {} values at byte {}", limits.nodes_max, position)};
  }
  return {ErrorCode::InvalidArgument,
          fmt::format("invalid JSON at byte {}: {}", position, cause_of(code))};
}

}  // namespace

Result<Value> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.bytes_max) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("JSON of {} bytes is larger than {}", text.size(), limits.bytes_max));
  }
  json::parse_options options;
  options.max_depth = limits.depth_max;
  json::basic_parser<Builder> parser(options, limits.nodes_max);
  json::error_code code;
  const std::size_t position = parser.write_some(false, text.data(), text.size(), code);
  if (!code && position < text.size()) code = json::error::extra_data;
  if (code) return make_error(code, position, limits);
  return parser.handler().take_root();
}

}  // namespace moonstone
