// Moonstone. Licence: see LICENSE.
// The table of configuration keys: names, ranges, and where each value goes.

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>
#include <vector>

#include <fmt/format.h>

#include "cli/config.h"

namespace moonstone::cli {
namespace {

/// Why a value is refused: what is allowed, as "a number from 0 to 65535". Empty: it was taken.
using Refusal = std::string;
using Setter = Refusal (*)(Config& config, const std::string& text);

struct Key {
  std::string_view name;
  Setter set;
};

constexpr std::uint64_t kMebibyte = std::uint64_t{1024} * 1024;
/// Values beyond these are mistakes; they also keep products within 64 bits.
constexpr std::uint64_t kCountMax = 1'000'000'000'000;
constexpr std::uint64_t kMillisecondsMax = 3'600'000;
constexpr std::uint64_t kMebibytesMax = 1'000'000;

std::optional<std::uint64_t> number_of(const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc() || stop != end) return std::nullopt;
  return number;
}

/// Reads a number within bounds and hands it to `set`.
template <class Set>
Refusal set_number(const std::string& text, std::uint64_t least, std::uint64_t most, Set set) {
  const auto number = number_of(text);
  if (!number || *number < least || *number > most) {
    return fmt::format("a number from {} to {}", least, most);
  }
  set(*number);
  return {};
}

/// For a member of any unsigned type.
template <class Target>
Refusal set_count(Target& target, const std::string& text, std::uint64_t least = 1) {
  const auto most = std::min<std::uint64_t>(kCountMax, std::numeric_limits<Target>::max());
  return set_number(text, least, most,
                    [&](std::uint64_t number) { target = static_cast<Target>(number); });
}

Refusal set_milliseconds(std::chrono::milliseconds& target, const std::string& text) {
  return set_number(text, 1, kMillisecondsMax,
                    [&](std::uint64_t number) { target = std::chrono::milliseconds(number); });
}

template <class Target>
Refusal set_mebibytes(Target& target, const std::string& text) {
  return set_number(text, 1, kMebibytesMax, [&](std::uint64_t number) {
    target = static_cast<Target>(number * kMebibyte);
  });
}

std::vector<std::string> split_list(const std::string& text) {
  std::vector<std::string> parts;
  std::size_t from = 0;
  while (from <= text.size()) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    std::string part = text.substr(from, comma - from);
    part.erase(0, std::min(part.find_first_not_of(' '), part.size()));
    while (part.ends_with(' '))
      part.pop_back();
    if (!part.empty()) parts.push_back(std::move(part));
    from = comma + 1;
  }
  return parts;
}

Refusal set_origins(Config& config, const std::string& text) {
  std::vector<std::string> origins = split_list(text);
  for (const std::string& origin : origins) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string::npos || origin.find('/', scheme + 3) != std::string::npos) {
      return "origins such as \"https://app.example.com\", without a path";
    }
  }
  config.origins = std::move(origins);
  return {};
}

Refusal set_host(Config& config, const std::string& text) {
  if (text.empty()) return "an address, such as \"127.0.0.1\" or \"0.0.0.0\"";
  config.server.host = text;
  return {};
}

Refusal set_durability(Config& config, const std::string& text) {
  if (text != "full" && text != "normal") return "\"full\" or \"normal\"";
  config.durability = text == "full" ? store::Durability::Full : store::Durability::Normal;
  return {};
}

Refusal set_run_time(Config& config, const std::string& text) {
  Refusal refusal = set_milliseconds(config.engine.call_max, text);
  if (refusal.empty()) config.live.run_max = config.engine.call_max;
  return refusal;
}

constexpr auto kKeys = std::to_array<Key>({
    {"server.port",
     [](Config& c, const std::string& text) { return set_count(c.server.port, text, 0); }},
    {"server.host", set_host},
    {"server.origins", set_origins},
    {"server.static",
     [](Config& c, const std::string& text) {
       c.static_folder = text;
       return Refusal();
     }},
    {"server.threads",
     [](Config& c, const std::string& text) {
       return set_number(text, 1, 64, [&](std::uint64_t n) { c.server.threads = n; });
     }},
    {"limits.connections",
     [](Config& c, const std::string& text) {
       return set_count(c.server.connections_max, text, 0);
     }},
    {"limits.http_connections",
     [](Config& c, const std::string& text) {
       return set_count(c.server.http_connections_max, text);
     }},
    {"limits.messages_per_second",
     [](Config& c, const std::string& text) {
       return set_count(c.session.messages_per_second, text, 0);
     }},
    {"limits.subscriptions",
     [](Config& c, const std::string& text) {
       return set_count(c.session.subscriptions_max, text);
     }},
    {"limits.frame_bytes",
     [](Config& c, const std::string& text) { return set_count(c.server.frame_bytes_max, text); }},
    {"limits.body_bytes",
     [](Config& c, const std::string& text) { return set_count(c.server.body_bytes_max, text); }},
    {"limits.rows_read",
     [](Config& c, const std::string& text) { return set_count(c.engine.rows_read_max, text); }},
    {"limits.bytes_read",
     [](Config& c, const std::string& text) { return set_count(c.engine.bytes_read_max, text); }},
    {"limits.rows_written",
     [](Config& c, const std::string& text) { return set_count(c.engine.rows_written_max, text); }},
    {"limits.bytes_written",
     [](Config& c, const std::string& text) {
       return set_count(c.engine.bytes_written_max, text);
     }},
    {"limits.queued_mutations",
     [](Config& c, const std::string& text) { return set_count(c.engine.queue_max, text); }},
    {"limits.group_calls",
     [](Config& c, const std::string& text) { return set_count(c.engine.group_calls_max, text); }},
    {"limits.run_ms", set_run_time},
    {"limits.live_fast_run_ms",
     [](Config& c, const std::string& text) {
       return set_milliseconds(c.live.fast_run_max, text);
     }},
    {"limits.heap_mib",
     [](Config& c,
        const std::string& text) { return set_mebibytes(c.runtime.heap_bytes_max, text); }},
    {"limits.buffer_mib",
     [](Config& c,
        const std::string& text) { return set_mebibytes(c.runtime.buffer_bytes_max, text); }},
    {"limits.result_bytes",
     [](Config& c,
        const std::string& text) { return set_count(c.runtime.result_bytes_max, text); }},
    {"live.readers",
     [](Config& c,
        const std::string&
            text) { return set_number(text, 1, 64, [&](std::uint64_t n) { c.live.readers = n; }); }},
    {"store.durability", set_durability},
});

Error unknown_key(const Setting& setting) {
  const std::vector<std::string_view> known = config_keys();
  const std::string_view near = nearest(setting.key, known);
  return {ErrorCode::NotFound, near.empty()
                                   ? fmt::format("{}: unknown key {}", setting.place, setting.key)
                                   : fmt::format("{}: unknown key {}; did you mean {}?",
                                                 setting.place, setting.key, near)};
}

/// Insertions, deletions and replacements from one text to the other.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  for (std::size_t j = 0; j <= b.size(); ++j)
    row[j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row[b.size()];
}

}  // namespace

Status apply_setting(Config& config, const Setting& setting) {
  const auto key = std::ranges::find(kKeys, std::string_view(setting.key), &Key::name);
  if (key == kKeys.end()) return unknown_key(setting);
  const Refusal expected = key->set(config, setting.text);
  if (expected.empty()) return {};
  return Error(ErrorCode::InvalidArgument,
               fmt::format("{}: {} is \"{}\"; expected {}", setting.place, setting.key,
                           setting.text, expected),
               "config");
}

std::vector<std::string_view> config_keys() {
  std::vector<std::string_view> names;
  for (const Key& key : kKeys)
    names.push_back(key.name);
  return names;
}

std::string_view nearest(std::string_view text, std::span<const std::string_view> candidates) {
  std::string_view best;
  std::size_t best_distance = text.size() / 3 + 2;  // further away it is another word
  for (const std::string_view candidate : candidates) {
    const std::size_t distance = edit_distance(text, candidate);
    if (distance < best_distance) {
      best = candidate;
      best_distance = distance;
    }
  }
  return best;
}

}  // namespace moonstone::cli
