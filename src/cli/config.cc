// Moonstone. Licence: see LICENSE.
#include "cli/config.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/config_auth.h"
#include "cli/files.h"

namespace moonstone::cli {
namespace {

/// Names are typed and become folders.
constexpr std::size_t kEnvironmentNameLengthMax = 64;

/// Settings of a file; unknown keys only warn, so that an older binary reads a newer file.
Status apply_file(const std::vector<Setting>& settings, LoadedConfig& loaded) {
  for (const Setting& setting : settings) {
    if (Status applied = apply_setting(loaded.config, setting); !applied) {
      if (applied.error().code() != ErrorCode::NotFound) return applied;
      loaded.warnings.push_back(applied.error().message());
    }
  }
  return {};
}

/// The section of the chosen environment. A file without any such section leaves names free.
Result<const std::vector<Setting>*> section_of(const ConfigFile& file,
                                               const ConfigRequest& request) {
  if (request.environment.empty() || file.environments.empty()) return nullptr;
  const auto found = file.environments.find(request.environment);
  if (found != file.environments.end()) return &found->second;
  std::vector<std::string> known;
  for (const auto& [name, settings] : file.environments)
    known.push_back(name);
  return Error(ErrorCode::NotFound,
               fmt::format("{} has no section [env.{}]; it has: {}", request.file,
                           request.environment, fmt::join(known, ", ")),
               "config");
}

/// Keys of buckets are secrets, which no file should hold.
void load_secrets(const ConfigRequest& request, Config& config) {
  auto& bucket = config.tenants.each.files.bucket;
  if (!bucket || !request.lookup) return;
  const auto secret = [&](std::string_view name) {
    return request.lookup("MOONSTONE_FILES_S3_" + std::string(name)).value_or("");
  };
  bucket->access_key = secret("ACCESS_KEY");
  bucket->secret_key = secret("SECRET_KEY");
  bucket->session_token = secret("SESSION_TOKEN");
}

}  // namespace

std::string environment_variable_of(std::string_view key) {
  std::string name = "MOONSTONE_";
  for (const char c : key) {
    name += c == '.' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return name;
}

Result<LoadedConfig> load_config(const ConfigRequest& request) {
  MS_TRY_STATUS(check_environment_name(request.environment));
  LoadedConfig loaded;
  if (is_file(request.file)) {
    MS_TRY(const std::string text, read_file(request.file));
    const std::string name = request.file.substr(request.file.rfind('/') + 1);
    MS_TRY(const ConfigFile file, parse_config_file(text, name));
    MS_TRY_STATUS(apply_file(file.settings, loaded));
    MS_TRY(const std::vector<Setting>* const section, section_of(file, request));
    if (section != nullptr) MS_TRY_STATUS(apply_file(*section, loaded));
  }
  for (const std::string_view key : config_keys()) {
    const std::string variable = environment_variable_of(key);
    const auto value = request.lookup ? request.lookup(variable) : std::nullopt;
    if (!value) continue;
    MS_TRY_STATUS(
        apply_setting(loaded.config, {.key = std::string(key), .text = *value, .place = variable}));
  }
  MS_TRY_STATUS(load_auth_environment(request, loaded.config));
  for (const Setting& flag : request.flags)
    MS_TRY_STATUS(apply_setting(loaded.config, flag));
  load_secrets(request, loaded.config);
  return loaded;
}

Status check_environment_name(std::string_view name) {
  const bool is_plain = std::ranges::all_of(name, [](char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '-';
  });
  if (is_plain && name.size() <= kEnvironmentNameLengthMax) return {};
  return Error(ErrorCode::InvalidArgument,
               fmt::format("--env {}: a name has at most {} letters, digits, `_` and `-`", name,
                           kEnvironmentNameLengthMax),
               "config");
}

std::optional<std::string> process_environment(const std::string& name) {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* const value = std::getenv(name.c_str());
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

}  // namespace moonstone::cli
