// Moonstone. Licence: see LICENSE.
// moonstone.toml to settings. The only file that knows toml++.

#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "cli/config.h"
#include "cli/setting_list.h"

namespace moonstone::cli {
namespace {

constexpr std::string_view kEnvironments = "env";

std::string place_of(const toml::node& node, const std::string& file) {
  return fmt::format("{}:{}", file, node.source().begin.line);
}

/// A scalar as text; nothing for tables, dates and arrays.
std::optional<std::string> scalar_text(const toml::node& node) {
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* number = node.as_integer()) return std::to_string(number->get());
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* number = node.as_floating_point()) return fmt::format("{}", number->get());
  return std::nullopt;
}

std::optional<std::string> list_text(const toml::array& array) {
  std::vector<std::string> elements;
  for (const toml::node& element : array) {
    auto scalar = scalar_text(element);
    if (!scalar) return std::nullopt;
    elements.push_back(*std::move(scalar));
  }
  return join_list(elements);
}

/// Flattens a table into settings: [server] port = 1 is "server.port".
Status flatten(const toml::table& table,
               const std::string& prefix,
               const std::string& file,
               std::vector<Setting>& settings) {
  for (const auto& [name, node] : table) {
    const std::string key = prefix + std::string(name.str());
    if (const auto* inner = node.as_table()) {
      MS_TRY_STATUS(flatten(*inner, key + ".", file, settings));
      continue;
    }
    const auto* array = node.as_array();
    auto text = array != nullptr ? list_text(*array) : scalar_text(node);
    if (!text) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("{}: {}: expected a number, a text, true, false or a list of them",
                               place_of(node, file), key),
                   "config");
    }
    settings.push_back({.key = key, .text = *std::move(text), .place = place_of(node, file)});
  }
  return {};
}

/// Debian's library throws; nothing does beyond this function.
Result<toml::table> parse_toml(std::string_view text, const std::string& name) {
  try {
    return toml::parse(text, name);
  } catch (const toml::parse_error& error) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("{}:{}: {}", name, error.source().begin.line, error.description()),
                 "config");
  }
}

}  // namespace

Result<ConfigFile> parse_config_file(std::string_view text, const std::string& name) {
  MS_TRY(const toml::table parsed, parse_toml(text, name));
  ConfigFile file;
  for (const auto& [key, node] : parsed) {
    const auto* const section = node.as_table();
    if (section == nullptr) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("{}: {}: keys stand in a section, such as [server]",
                               place_of(node, name), key.str()),
                   "config");
    }
    if (key.str() != kEnvironments) {
      MS_TRY_STATUS(flatten(*section, std::string(key.str()) + ".", name, file.settings));
      continue;
    }
    for (const auto& [environment, settings] : *section) {
      const auto* const inner = settings.as_table();
      if (inner == nullptr) {
        return Error(ErrorCode::InvalidArgument,
                     fmt::format("{}: env.{}: expected a section [env.{}]",
                                 place_of(settings, name), environment.str(), environment.str()),
                     "config");
      }
      MS_TRY_STATUS(flatten(*inner, "", name, file.environments[std::string(environment.str())]));
    }
  }
  return file;
}

}  // namespace moonstone::cli
