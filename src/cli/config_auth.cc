// Moonstone. Licence: see LICENSE.
#include "cli/config_auth.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/setting_list.h"

namespace moonstone::cli {
namespace {

using identity::Provider;

constexpr std::string_view kSection = "auth.";
/// The name of the provider that stands directly in [auth].
constexpr std::string_view kMainProvider = "main";
constexpr std::size_t kProvidersMax = 32;
constexpr std::size_t kNameLengthMax = 64;
constexpr std::uint64_t kClockSkewSecondsMax = 3'600;
constexpr std::uint64_t kKeysSecondsMax = 86'400;

/// Why a value is refused; empty: it was taken.
using Refusal = std::string;
using Setter = Refusal (*)(Provider& provider, const std::string& text);

struct Key {
  std::string_view name;
  Setter set;
};

Refusal set_issuer(Provider& provider, const std::string& text) {
  provider.issuer = text;
  return {};
}

Refusal set_audiences(Provider& provider, const std::string& text) {
  provider.audiences = split_list(text);
  return provider.audiences.empty() ? "an audience or a list of them" : Refusal();
}

Refusal set_keys(Provider& provider, const std::string& text) {
  const bool is_url = text.find("://") != std::string::npos;
  provider.keys_url = is_url ? text : std::string();
  provider.keys_file = is_url ? std::string() : text;
  return text.empty() ? "an http(s) URL, or a file beside moonstone.toml" : Refusal();
}

template <auto Member, std::uint64_t Least, std::uint64_t Most>
Refusal seconds(Provider& provider, const std::string& text) {
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failed] = std::from_chars(text.data(), end, number);
  if (failed != std::errc() || stop != end || number < Least || number > Most) {
    return fmt::format("a number from {} to {}", Least, Most);
  }
  provider.*Member = std::chrono::seconds(number);
  return {};
}

constexpr auto kKeys = std::to_array<Key>({
    {"issuer", set_issuer},
    {"audience", set_audiences},
    {"jwks", set_keys},
    {"jwks_ttl_s", seconds<&Provider::keys_time_to_live, 1, kKeysSecondsMax>},
    {"clock_skew_s", seconds<&Provider::clock_skew, 0, kClockSkewSecondsMax>},
});

bool is_provider_name(std::string_view name) {
  return !name.empty() && name.size() <= kNameLengthMax &&
         std::ranges::all_of(name, [](unsigned char c) {
           return std::isdigit(c) != 0 || std::islower(c) != 0 || c == '_';
         });
}

Provider& provider_named(Config& config, std::string_view name) {
  const auto found = std::ranges::find(config.auth, name, &Provider::name);
  if (found != config.auth.end()) return *found;
  return config.auth.emplace_back(Provider{.name = std::string(name)});
}

Error wrong(const Setting& setting, const std::string& what) {
  return {ErrorCode::InvalidArgument, setting.place + ": " + setting.key + " " + what, "config"};
}

/// "MOONSTONE_AUTH_" for the main provider, "MOONSTONE_AUTH_NAME_" for the others.
std::string prefix_of(std::string_view provider) {
  std::string key(kSection);
  if (provider != kMainProvider) key.append(provider).append(".");
  return environment_variable_of(key);
}

Status load_keys(const ConfigRequest& request, Config& config, const std::string& provider) {
  for (const Key& key : kKeys) {
    const std::string variable = prefix_of(provider) + environment_variable_of(key.name).substr(10);
    const auto value = request.lookup(variable);
    if (!value) continue;
    const std::string section = provider == kMainProvider ? "" : provider + ".";
    const auto applied =
        apply_auth_setting(config, {.key = std::string(kSection) + section + std::string(key.name),
                                    .text = *value,
                                    .place = variable});
    if (applied && !*applied) return *applied;
  }
  for (const char* const name : {"SECRET", "SECRET_PREVIOUS"}) {
    const auto secret = request.lookup(prefix_of(provider) + name);
    if (secret && !secret->empty()) provider_named(config, provider).secrets.push_back(*secret);
  }
  return {};
}

}  // namespace

std::optional<Status> apply_auth_setting(Config& config, const Setting& setting) {
  if (!setting.key.starts_with(kSection)) return std::nullopt;
  const std::string_view path = std::string_view(setting.key).substr(kSection.size());
  const std::size_t dot = path.find('.');
  const bool is_main = dot == std::string_view::npos;
  const std::string_view name = is_main ? kMainProvider : path.substr(0, dot);
  const std::string_view key_name = is_main ? path : path.substr(dot + 1);
  if (!is_provider_name(name)) {
    return wrong(setting, fmt::format("names a provider with other than at most {} small letters, "
                                      "digits and `_`",
                                      kNameLengthMax));
  }
  if (key_name.starts_with("secret")) {
    return wrong(setting, fmt::format("does not belong into a file; set the environment variable "
                                      "{}SECRET",
                                      prefix_of(name)));
  }
  const auto key = std::ranges::find(kKeys, key_name, &Key::name);
  if (key == kKeys.end()) {
    return Error(ErrorCode::NotFound,
                 fmt::format("{}: unknown key {}; a provider has issuer, audience, jwks, "
                             "jwks_ttl_s, clock_skew_s",
                             setting.place, setting.key));
  }
  Provider& provider = provider_named(config, name);
  if (config.auth.size() > kProvidersMax) {
    return wrong(setting, fmt::format("is of one provider too many; at most {}", kProvidersMax));
  }
  const Refusal expected = key->set(provider, setting.text);
  if (expected.empty()) return Status();
  return wrong(setting, fmt::format("is \"{}\"; expected {}", setting.text, expected));
}

Status load_auth_environment(const ConfigRequest& request, Config& config) {
  if (!request.lookup) return {};
  std::vector<std::string> names{std::string(kMainProvider)};
  for (const Provider& provider : config.auth) {
    if (provider.name != kMainProvider) names.push_back(provider.name);
  }
  for (const std::string& name : names)
    MS_TRY_STATUS(load_keys(request, config, name));
  return {};
}

}  // namespace moonstone::cli
