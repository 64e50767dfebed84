// Moonstone. Licence: see LICENSE.
// The table of configuration keys: names, ranges, and where each value goes.

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <cstdint>
#include <limits>
#include <system_error>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/config.h"
#include "cli/config_auth.h"
#include "cli/setting_list.h"

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
constexpr std::uint64_t kThreadsMax = 64;

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

// Setters for `config.<Group>.<Member>`, whatever unsigned or duration type the member has.

template <auto Group, auto Member, std::uint64_t Least = 1, std::uint64_t Most = kCountMax>
Refusal count(Config& config, const std::string& text) {
  auto& target = (config.*Group).*Member;
  using Target = std::remove_reference_t<decltype(target)>;
  const auto most = std::min<std::uint64_t>(Most, std::numeric_limits<Target>::max());
  return set_number(text, Least, most,
                    [&](std::uint64_t number) { target = static_cast<Target>(number); });
}

template <auto Group, auto Member>
Refusal milliseconds(Config& config, const std::string& text) {
  return set_number(text, 1, kMillisecondsMax, [&](std::uint64_t number) {
    (config.*Group).*Member = std::chrono::milliseconds(number);
  });
}

template <auto Group, auto Member>
Refusal mebibytes(Config& config, const std::string& text) {
  return set_number(text, 1, kMebibytesMax,
                    [&](std::uint64_t number) { (config.*Group).*Member = number * kMebibyte; });
}

template <auto Member>
Refusal job_count(Config& config, const std::string& text) {
  return set_number(text, 1, kCountMax,
                    [&](std::uint64_t number) { config.runtime.jobs.*Member = number; });
}

Refusal set_job_days(Config& config, const std::string& text) {
  constexpr std::uint64_t kDaysMax = 3650;
  return set_number(text, 1, kDaysMax, [&](std::uint64_t number) {
    config.runtime.jobs.keep_time = std::chrono::days(number);
  });
}

/// Origins as browsers send them.
Refusal read_origins(const std::string& text, std::vector<std::string>& target) {
  std::vector<std::string> origins = split_list(text);
  for (const std::string& origin : origins) {
    const std::size_t scheme = origin.find("://");
    if (scheme == std::string::npos || origin.find('/', scheme + 3) != std::string::npos) {
      return "origins such as \"https://app.example.com\", without a path";
    }
  }
  target = std::move(origins);
  return {};
}

Refusal set_origins(Config& config, const std::string& text) {
  return read_origins(text, config.origins);
}

Refusal set_cors_origins(Config& config, const std::string& text) {
  if (text != "*") return read_origins(text, config.cors_origins);
  config.cors_origins = {"*"};
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

Refusal set_isolation(Config& config, const std::string& text) {
  using runtime::Isolation;
  if (text != "user" && text != "call" && text != "shared") {
    return "\"user\", \"call\" or \"shared\"";
  }
  config.runtime.isolation = text == "user"   ? Isolation::User
                             : text == "call" ? Isolation::Call
                                              : Isolation::Shared;
  return {};
}

Refusal set_public_url(Config& config, const std::string& text) {
  const bool is_url = text.starts_with("http://") || text.starts_with("https://");
  if (!is_url || text.ends_with('/')) {
    return "an address such as \"https://api.example.com\", without a slash at the end";
  }
  config.public_url = text;
  return {};
}

Refusal set_tenant_domain(Config& config, const std::string& text) {
  if (text.find('/') != std::string::npos || text.starts_with('.')) {
    return "a domain such as \"example.com\"";
  }
  config.tenant_domain = text;
  std::ranges::transform(config.tenant_domain, config.tenant_domain.begin(),
                         [](unsigned char c) { return std::tolower(c); });
  return {};
}

Refusal set_tenant_creation(Config& config, const std::string& text) {
  using enum protocol::functions::TenantCreation;
  if (text != "anyone" && text != "administrator") return "\"anyone\" or \"administrator\"";
  config.tenants.creation = text == "anyone" ? Anyone : Administrator;
  return {};
}

Refusal set_static(Config& config, const std::string& text) {
  config.static_folder = text;
  return {};
}

files::FileSettings& files_of(Config& config) {
  return config.tenants.each.files;
}

Refusal set_upload_bytes(Config& config, const std::string& text) {
  return set_number(text, 1, kCountMax, [&](std::uint64_t number) {
    files_of(config).limits.upload_bytes_max = number;
  });
}

Refusal set_uploads(Config& config, const std::string& text) {
  return set_number(text, 1, kCountMax,
                    [&](std::uint64_t number) { files_of(config).limits.uploads_max = number; });
}

Refusal set_file_access(Config& config, const std::string& text) {
  if (text != "true" && text != "false") return "true or false";
  files_of(config).links.access = text == "true" ? files::Access::Signed : files::Access::Public;
  return {};
}

Refusal set_link_seconds(Config& config, const std::string& text) {
  return set_number(text, 1, files::FileLinks::kExpirySecondsMax, [&](std::uint64_t number) {
    files_of(config).links.expires_in_s = static_cast<std::int64_t>(number);
  });
}

Refusal set_inline_types(Config& config, const std::string& text) {
  if (text != "safe" && text != "all") return "\"safe\" or \"all\"";
  files_of(config).inline_types =
      text == "safe" ? files::InlineTypes::Safe : files::InlineTypes::All;
  return {};
}

/// The bucket is used as soon as anything of it is set; its store says what is missing.
files::S3Options& bucket_of(Config& config) {
  auto& bucket = files_of(config).bucket;
  return bucket ? *bucket : bucket.emplace();
}

template <auto Member>
Refusal bucket_text(Config& config, const std::string& text) {
  bucket_of(config).*Member = text;
  return {};
}

Refusal set_bucket_style(Config& config, const std::string& text) {
  if (text != "path" && text != "host") return "\"path\" or \"host\"";
  bucket_of(config).style = text == "path" ? files::BucketStyle::Path : files::BucketStyle::Host;
  return {};
}

Refusal set_node(Config& config, const std::string& text) {
  if (text.empty()) return "the path of Node, or its name on the PATH";
  config.actions.node = text;
  return {};
}

Refusal set_queued_bytes(Config& config, const std::string& text) {
  return set_number(text, 1, kCountMax,
                    [&](std::uint64_t number) { config.queued_bytes_max = number; });
}

/// One limit of what waits to be sent on a socket; live queries skip versions well before it.
Refusal set_unsent_bytes(Config& config, const std::string& text) {
  constexpr std::uint64_t kSkippingPart = 8;
  return set_number(text, kSkippingPart, kCountMax, [&](std::uint64_t number) {
    config.server.queue_bytes_max = number;
    config.server.queue_bytes_high = number / kSkippingPart;
    config.session.unsent_bytes_max = number / kSkippingPart;
  });
}

Refusal set_log_format(Config& config, const std::string& text) {
  if (text != "human" && text != "json") return "\"human\" or \"json\"";
  config.log_format = text == "json" ? LogFormat::Json : LogFormat::Human;
  return {};
}

Refusal set_log_level(Config& config, const std::string& text) {
  using enum LogLevel;
  for (const LogLevel level : {Debug, Info, Warn, Error}) {
    if (to_string(level) != text) continue;
    config.log_level = level;
    return {};
  }
  return "\"debug\", \"info\", \"warn\" or \"error\"";
}

Refusal set_metrics_public(Config& config, const std::string& text) {
  if (text != "true" && text != "false") return "true or false";
  config.metrics_are_public = text == "true";
  return {};
}

/// One limit for whoever runs user code.
Refusal set_run_time(Config& config, const std::string& text) {
  const Refusal refusal = milliseconds<&Config::engine, &engine::Limits::call_max>(config, text);
  if (refusal.empty()) config.live.run_max = config.engine.call_max;
  return refusal;
}

using actions::PoolOptions;
using engine::Limits;
using live::LiveOptions;
using protocol::functions::SessionLimits;
using protocol::functions::TenantsOptions;
using runtime::RuntimeLimits;
using runtime::jobs::JobLimits;
using server::ServerOptions;

constexpr auto kServer = &Config::server;
constexpr auto kSession = &Config::session;
constexpr auto kEngine = &Config::engine;
constexpr auto kRuntime = &Config::runtime;
constexpr auto kLive = &Config::live;
constexpr auto kActions = &Config::actions;
constexpr auto kTenants = &Config::tenants;

constexpr auto kKeys = std::to_array<Key>({
    {"server.port", count<kServer, &ServerOptions::port, 0>},
    {"server.host", set_host},
    {"server.origins", set_origins},
    {"server.cors_origins", set_cors_origins},
    {"server.static", set_static},
    {"server.threads", count<kServer, &ServerOptions::threads, 1, kThreadsMax>},
    {"limits.connections", count<kServer, &ServerOptions::connections_max, 0>},
    {"limits.http_connections", count<kServer, &ServerOptions::http_connections_max>},
    {"limits.messages_per_second", count<kSession, &SessionLimits::messages_per_second, 0>},
    {"limits.subscriptions", count<kSession, &SessionLimits::subscriptions_max>},
    {"limits.subscription_bytes", count<kSession, &SessionLimits::subscription_bytes_max>},
    {"limits.unsent_bytes", set_unsent_bytes},
    {"limits.frame_bytes", count<kServer, &ServerOptions::frame_bytes_max>},
    {"limits.body_bytes", count<kServer, &ServerOptions::body_bytes_max>},
    {"limits.header_ms", milliseconds<kServer, &ServerOptions::header_timeout>},
    {"limits.body_ms", milliseconds<kServer, &ServerOptions::body_timeout>},
    {"limits.idle_ms", milliseconds<kServer, &ServerOptions::idle_timeout>},
    {"limits.close_ms", milliseconds<kServer, &ServerOptions::close_timeout>},
    {"limits.unread_ms", milliseconds<kServer, &ServerOptions::unread_timeout>},
    {"limits.rows_read", count<kEngine, &Limits::rows_read_max>},
    {"limits.bytes_read", count<kEngine, &Limits::bytes_read_max>},
    {"limits.rows_written", count<kEngine, &Limits::rows_written_max>},
    {"limits.bytes_written", count<kEngine, &Limits::bytes_written_max>},
    {"limits.queued_mutations", count<kEngine, &Limits::queue_max>},
    {"limits.queued_bytes", set_queued_bytes},
    {"limits.group_calls", count<kEngine, &Limits::group_calls_max>},
    {"limits.run_ms", set_run_time},
    {"limits.live_fast_run_ms", milliseconds<kLive, &LiveOptions::fast_run_max>},
    {"limits.heap_mib", mebibytes<kRuntime, &RuntimeLimits::heap_bytes_max>},
    {"limits.buffer_mib", mebibytes<kRuntime, &RuntimeLimits::buffer_bytes_max>},
    {"limits.result_bytes", count<kRuntime, &RuntimeLimits::result_bytes_max>},
    {"functions.isolation", set_isolation},
    {"live.readers", count<kLive, &LiveOptions::readers, 1, kThreadsMax>},
    {"store.durability", set_durability},
    {"jobs.pending_max", job_count<&JobLimits::pending_max>},
    {"jobs.actions_max", job_count<&JobLimits::actions_max>},
    {"jobs.keep_max", job_count<&JobLimits::keep_max>},
    {"jobs.keep_days", set_job_days},
    {"actions.node", set_node},
    {"actions.workers", count<kActions, &PoolOptions::workers_max, 1, kThreadsMax>},
    {"actions.calls", count<kActions, &PoolOptions::calls_max>},
    {"actions.calls_per_worker", count<kActions, &PoolOptions::calls_per_worker>},
    {"actions.run_ms", milliseconds<kActions, &PoolOptions::call_max>},
    {"actions.idle_ms", milliseconds<kActions, &PoolOptions::idle_max>},
    {"actions.silence_ms", milliseconds<kActions, &PoolOptions::silence_max>},
    {"actions.heap_mib", count<kActions, &PoolOptions::heap_mib, 16, kMebibytesMax>},
    {"log.format", set_log_format},
    {"log.level", set_log_level},
    {"metrics.public", set_metrics_public},
    {"server.public_url", set_public_url},
    {"tenants.create", set_tenant_creation},
    {"tenants.domain", set_tenant_domain},
    {"tenants.max", count<kTenants, &TenantsOptions::tenants_max, 0>},
    {"tenants.open_max", count<kTenants, &TenantsOptions::open_max>},
    {"tenants.idle_ms", milliseconds<kTenants, &TenantsOptions::idle_max>},
    {"files.upload_bytes_max", set_upload_bytes},
    {"files.uploads_max", set_uploads},
    {"files.private", set_file_access},
    {"files.link_seconds", set_link_seconds},
    {"files.inline", set_inline_types},
    {"files.s3_bucket", bucket_text<&files::S3Options::bucket>},
    {"files.s3_endpoint", bucket_text<&files::S3Options::endpoint>},
    {"files.s3_region", bucket_text<&files::S3Options::region>},
    {"files.s3_prefix", bucket_text<&files::S3Options::prefix>},
    {"files.s3_style", set_bucket_style},
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
  if (const auto applied = apply_auth_setting(config, setting)) return *applied;
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
