// Moonstone. Licence: see LICENSE.
#include "client/frames.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <utility>

#include "base/json.h"

namespace moonstone::client {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

void skip_space(std::string_view& rest) {
  while (!rest.empty() && kSpace.contains(rest.front()))
    rest.remove_prefix(1);
}

bool take(std::string_view& rest, char wanted) {
  skip_space(rest);
  if (!rest.starts_with(wanted)) return false;
  rest.remove_prefix(1);
  return true;
}

/// The length of the string at the start of `text`, with its quotes; 0 if it does not end.
std::size_t string_length(std::string_view text) {
  std::size_t at = 1;
  while (at < text.size()) {
    at = text.find_first_of("\"\\", at);
    if (at == std::string_view::npos) return 0;
    if (text[at] == '"') return at + 1;
    at += 2;
  }
  return 0;
}

/// The length of the object or array at the start of `text`; 0 if it does not end.
std::size_t tree_length(std::string_view text) {
  std::size_t depth = 0;
  std::size_t at = 0;
  while (at < text.size()) {
    switch (text[at]) {
      case '"': {
        const std::size_t length = string_length(text.substr(at));
        if (length == 0) return 0;
        at += length;
        continue;
      }
      case '{':
      case '[':
        ++depth;
        break;
      case '}':
      case ']':
        if (--depth == 0) return at + 1;
        break;
      default:
        break;
    }
    ++at;
  }
  return 0;
}

/// Takes one JSON value; empty if there is none.
std::string_view take_value(std::string_view& rest) {
  skip_space(rest);
  if (rest.empty()) return {};
  std::size_t length = 0;
  if (rest.front() == '"') {
    length = string_length(rest);
  } else if (rest.front() == '{' || rest.front() == '[') {
    length = tree_length(rest);
  } else {
    length = std::min(rest.find_first_of(",:]} \t\r\n"), rest.size());
  }
  const std::string_view value = rest.substr(0, length);
  rest.remove_prefix(length);
  return value;
}

/// Calls `each(name, value)` for the members of an object; names are raw. False: it is none.
template <class Each>
bool read_members(std::string_view text, Each each) {
  if (!take(text, '{')) return false;
  if (take(text, '}')) return true;
  while (true) {
    const std::string_view name = take_value(text);
    if (!name.starts_with('"') || !take(text, ':')) return false;
    const std::string_view value = take_value(text);
    if (value.empty()) return false;
    each(name.substr(1, name.size() - 2), value);
    if (take(text, ',')) continue;
    return take(text, '}');
  }
}

/// Calls `each(value)` for the elements of an array. False: it is none.
template <class Each>
bool read_elements(std::string_view text, Each each) {
  if (!take(text, '[')) return false;
  if (take(text, ']')) return true;
  while (true) {
    const std::string_view value = take_value(text);
    if (value.empty()) return false;
    each(value);
    if (take(text, ',')) continue;
    return take(text, ']');
  }
}

std::string text_of(std::string_view json) {
  const auto value = parse_json(json);
  return value && value->is_text() ? value->as_text() : std::string();
}

std::optional<std::chrono::milliseconds> duration_of(std::string_view json) {
  const auto value = parse_json(json);
  if (!value || (!value->is_integer() && !value->is_number())) return std::nullopt;
  // Years; a longer time would not fit every representation.
  constexpr double kMax = 1e14;
  const double ms = std::clamp(value->to_double(), 0.0, kMax);
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

FrameKind kind_of(std::string_view type) {
  static constexpr std::array<std::pair<std::string_view, FrameKind>, 9> kKinds{{
      {R"("result")", FrameKind::Results},
      {R"("update")", FrameKind::Results},
      {R"("updates")", FrameKind::Results},
      {R"("mutationResult")", FrameKind::MutationResult},
      {R"("actionResult")", FrameKind::ActionResult},
      {R"("error")", FrameKind::Error},
      {R"("auth")", FrameKind::Auth},
      {R"("hello")", FrameKind::Hello},
      {R"("reset")", FrameKind::Reset},
  }};
  for (const auto& [name, kind] : kKinds) {
    if (name == type) return kind;
  }
  return FrameKind::Unknown;
}

bool read_items(std::string_view array, std::vector<FrameItem>& items) {
  bool is_sound = true;
  const bool is_array = read_elements(array, [&](std::string_view element) {
    FrameItem item;
    is_sound &= read_members(element, [&item](std::string_view name, std::string_view value) {
      if (name == "id") item.id = value;
      if (name == "result") item.json = value;
    });
    items.push_back(item);
  });
  return is_array && is_sound;
}

void append_member(std::string& frame, std::string_view name, std::string_view text) {
  frame.append(",\"").append(name).append("\":");
  write_json_string(text, frame);
}

}  // namespace

std::optional<ServerFrame> read_frame(std::string_view text) {
  ServerFrame frame;
  FrameItem own;
  std::string_view type;
  std::string_view items;
  const bool is_object = read_members(text, [&](std::string_view name, std::string_view value) {
    if (name == "type") type = value;
    if (name == "id") own.id = value;
    if (name == "result") own.json = value;
    if (name == "items") items = value;
    if (name == "code") frame.code = text_of(value);
    if (name == "message") frame.message = text_of(value);
    if (name == "authenticated") frame.is_authenticated = value == "true";
    if (name == "expiresInMs") frame.expires_in = duration_of(value);
  });
  if (!is_object) return std::nullopt;
  frame.kind = kind_of(type);
  frame.id = own.id;
  if (type == R"("updates")") {
    if (!read_items(items, frame.items)) return std::nullopt;
  } else {
    frame.items.push_back(own);
  }
  return frame;
}

std::string make_id(char kind, std::uint64_t number) {
  return std::string("\"") + kind + std::to_string(number) + "\"";
}

std::optional<std::uint64_t> number_of(std::string_view id, char kind) {
  if (id.size() < 4 || id[0] != '"' || id[1] != kind || id.back() != '"') return std::nullopt;
  const std::string_view digits = id.substr(2, id.size() - 3);
  std::uint64_t number = 0;
  const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (failed != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

std::string hello_frame(std::string_view client, std::string_view token) {
  std::string frame = R"({"type":"hello")";
  append_member(frame, "client", client);
  frame += R"(,"capabilities":[])";
  if (!token.empty()) append_member(frame, "token", token);
  return frame + "}";
}

std::string auth_frame(std::string_view id, std::string_view token) {
  std::string frame = R"({"type":"auth","id":)";
  frame.append(id);
  if (token.empty()) {
    frame += R"(,"token":null)";
  } else {
    append_member(frame, "token", token);
  }
  return frame + "}";
}

std::string unsubscribe_frame(std::string_view id) {
  return std::string(R"({"type":"unsubscribe","id":)").append(id).append("}");
}

std::string call_frame(const CallText& call) {
  std::string frame = R"({"type":")";
  frame.reserve(call.arguments.size() + call.function.size() + 64);
  frame.append(call.type).append(R"(","id":)").append(call.id);
  append_member(frame, "fn", call.function);
  return frame.append(R"(,"args":)").append(call.arguments).append("}");
}

}  // namespace moonstone::client
