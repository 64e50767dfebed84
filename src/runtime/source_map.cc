// Moonstone. Licence: see LICENSE.
#include "runtime/internal/source_map.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"

namespace moonstone::runtime {
namespace {

/// A map repeats its sources; 256 MiB bounds a mistake.
constexpr JsonLimits kMapLimits{.bytes_max = std::size_t{256} * 1024 * 1024};
constexpr std::size_t kFramesMax = 50;
constexpr std::int64_t kFieldMax = std::numeric_limits<std::uint32_t>::max();

constexpr std::array<signed char, 256> make_digits() {
  std::array<signed char, 256> digits{};
  digits.fill(-1);
  constexpr std::string_view alphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (std::size_t i = 0; i < alphabet.size(); ++i) {
    digits[static_cast<unsigned char>(alphabet[i])] = static_cast<signed char>(i);
  }
  return digits;
}
constexpr std::array<signed char, 256> kDigits = make_digits();

/// One base64 VLQ number; advances `at`. Nothing on malformed input.
std::optional<std::int64_t> read_vlq(std::string_view text, std::size_t& at) {
  constexpr int kBitsPerDigit = 5;
  constexpr int kShiftMax = 35;  // 32 bits and a sign
  std::int64_t bits = 0;
  for (int shift = 0; shift <= kShiftMax; shift += kBitsPerDigit) {
    if (at == text.size()) return std::nullopt;
    const int digit = kDigits[static_cast<unsigned char>(text[at])];
    if (digit < 0) return std::nullopt;
    ++at;
    bits |= static_cast<std::int64_t>(digit & 31) << shift;
    if ((digit & 32) == 0) return (bits & 1) != 0 ? -(bits >> 1) : bits >> 1;
  }
  return std::nullopt;
}

/// "../../app/moonstone/messages.ts" reads as "app/moonstone/messages.ts".
std::string tidy_path(std::string_view path) {
  while (path.starts_with("../") || path.starts_with("./"))
    path.remove_prefix(path.find('/') + 1);
  return std::string(path);
}

Error malformed(std::string_view what) {
  return {ErrorCode::InvalidArgument, fmt::format("malformed source map: {}", what)};
}

std::optional<std::size_t> read_number(std::string_view text) {
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A frame "at f (file:line:column)" or "at file:line:column", taken apart.
struct Frame {
  std::string_view function;  // may be empty; includes "async "
  std::string_view file;
  std::size_t line = 0;
  std::size_t column = 0;
};

std::optional<Frame> read_frame(std::string_view text) {
  const std::size_t start = text.find_first_not_of(' ');
  if (start == std::string_view::npos || !text.substr(start).starts_with("at "))
    return std::nullopt;
  std::string_view rest = text.substr(start + 3);
  Frame frame;
  if (rest.ends_with(')')) {
    const std::size_t open = rest.rfind(" (");
    if (open == std::string_view::npos) return std::nullopt;
    frame.function = rest.substr(0, open);
    rest = rest.substr(open + 2, rest.size() - open - 3);
  } else if (rest.starts_with("async ")) {
    frame.function = "async";
    rest.remove_prefix(6);
  }
  const std::size_t before_column = rest.rfind(':');
  if (before_column == std::string_view::npos || before_column == 0) return std::nullopt;
  const std::size_t before_line = rest.rfind(':', before_column - 1);
  if (before_line == std::string_view::npos) return std::nullopt;
  const auto line = read_number(rest.substr(before_line + 1, before_column - before_line - 1));
  const auto column = read_number(rest.substr(before_column + 1));
  if (!line || !column) return std::nullopt;
  frame.file = rest.substr(0, before_line);
  frame.line = *line;
  frame.column = *column;
  return frame;
}

/// Whether a frame belongs to the runtime or to the language rather than to the user.
bool is_hidden(const Frame& frame) {
  return frame.file.ends_with(kPreludeFile) || frame.file == "<anonymous>";
}

std::string frame_text(const Frame& frame, const SourceMap* map) {
  std::string place = fmt::format("{}:{}:{}", frame.file, frame.line, frame.column);
  if (map != nullptr && frame.file == kBundleFile) {
    if (const auto found = map->find(frame.line, frame.column)) {
      place = fmt::format("{}:{}:{}", found->file, found->line, found->column);
    }
  }
  if (frame.function.empty() || frame.function == "async") return fmt::format("at {}", place);
  // V8 calls the handler of a registration "Object.handler".
  constexpr std::string_view kOfObject = "Object.";
  std::string function(frame.function);
  if (const auto at = function.find(kOfObject); at == 0 || function.starts_with("async Object.")) {
    function.erase(at, kOfObject.size());
  }
  return fmt::format("at {} ({})", function, place);
}

/// Takes the first line off `text`.
std::string_view take_line(std::string_view& text) {
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

}  // namespace

Result<SourceMap> SourceMap::parse(std::string_view json) {
  MS_TRY(const Value document, parse_json(json, kMapLimits));
  if (!document.is_object()) return malformed("not an object");
  const Object& object = document.as_object();
  const Value* const sources = object.find("sources");
  const Value* const mappings = object.find("mappings");
  if (sources == nullptr || !sources->is_array()) return malformed("`sources` is missing");
  if (mappings == nullptr || !mappings->is_text()) return malformed("`mappings` is missing");
  SourceMap map;
  for (const Value& source : sources->as_array()) {
    map.sources_.push_back(source.is_text() ? tidy_path(source.as_text()) : "unknown");
  }
  MS_TRY_STATUS(map.decode(mappings->as_text()));
  return map;
}

Status SourceMap::decode(std::string_view mappings) {
  // Column restarts on each line, the other three run on: source, its line, its column.
  std::array<std::int64_t, 4> state{};
  std::uint32_t line = 0;
  std::size_t at = 0;
  while (at < mappings.size()) {
    if (mappings[at] == ';') {
      ++line;
      state[0] = 0;
      ++at;
      continue;
    }
    if (mappings[at] == ',') {
      ++at;
      continue;
    }
    std::size_t fields = 0;
    while (at < mappings.size() && mappings[at] != ',' && mappings[at] != ';') {
      const auto delta = read_vlq(mappings, at);
      if (!delta || ++fields > 5) return malformed("`mappings` cannot be read");
      if (fields > state.size()) continue;  // the fifth is a name, which we do not use
      std::int64_t& field = state[fields - 1];
      field += *delta;
      if (field < 0 || field > kFieldMax) return malformed("a position is out of range");
    }
    if (fields < state.size()) continue;  // generated code without a source
    if (segments_.size() == kSegmentsMax) {
      return Error(ErrorCode::LimitExceeded, "the source map has too many segments");
    }
    segments_.push_back({line, static_cast<std::uint32_t>(state[0]),
                         static_cast<std::uint32_t>(state[1]), static_cast<std::uint32_t>(state[2]),
                         static_cast<std::uint32_t>(state[3])});
  }
  std::sort(segments_.begin(), segments_.end(), [](const Segment& a, const Segment& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return {};
}

std::optional<SourcePosition> SourceMap::find(std::size_t line, std::size_t column) const {
  if (line == 0 || column == 0) return std::nullopt;
  const auto wanted = std::pair(line - 1, column - 1);
  const auto after = std::upper_bound(
      segments_.begin(), segments_.end(), wanted, [](const auto& position, const Segment& segment) {
        return position < std::pair<std::size_t, std::size_t>(segment.line, segment.column);
      });
  if (after == segments_.begin()) return std::nullopt;
  const Segment& segment = *std::prev(after);
  if (segment.line != line - 1 || segment.source >= sources_.size()) return std::nullopt;
  return SourcePosition{sources_[segment.source], std::size_t{segment.source_line} + 1,
                        std::size_t{segment.source_column} + 1};
}

std::string map_stack(std::string_view stack, const SourceMap* map) {
  std::string mapped;
  for (std::size_t frames = 0; !stack.empty() && frames < kFramesMax;) {
    const auto frame = read_frame(take_line(stack));
    if (!frame || is_hidden(*frame)) continue;
    if (!mapped.empty()) mapped += '\n';
    mapped += frame_text(*frame, map);
    ++frames;
  }
  return mapped;
}

std::string map_text(std::string_view text, const SourceMap* map) {
  std::string mapped;
  for (bool is_first = true; !text.empty();) {
    const std::string_view line = take_line(text);
    const auto frame = read_frame(line);
    if (frame && is_hidden(*frame)) continue;
    if (!std::exchange(is_first, false)) mapped += '\n';
    mapped += frame ? "    " + frame_text(*frame, map) : std::string(line);
  }
  return mapped;
}

}  // namespace moonstone::runtime
