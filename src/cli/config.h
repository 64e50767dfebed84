// Moonstone. Licence: see LICENSE.
#pragma once
// Configuration: defaults, then moonstone.toml, then its [env.NAME] section, then the environment,
// then flags; the later one wins.
//
// The table of keys in config_keys.cc is the only list of what can be set; the key `a.b_c` is the
// environment variable MOONSTONE_A_B_C. An unknown key is a warning with the nearest known one, a
// wrong value an error that names the place (reason "config"). Secrets are not keys: they come from
// the environment. Threads: pure, but for load_config. Source: design.md decision 24;
// functions.md 21.6.

#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "engine/limits.h"
#include "identity/token_verifier.h"
#include "live/live_queries.h"
#include "protocol/functions/function_session.h"
#include "protocol/functions/tenants.h"
#include "runtime/actions/action_pool.h"
#include "runtime/isolate.h"
#include "server/server.h"
#include "store/sqlite/sqlite_store.h"

namespace moonstone::cli {

struct Config {
  server::ServerOptions server;
  std::vector<std::string> origins;          // empty: every origin may open /ws
  std::vector<std::string> cors_origins;     // empty: no CORS headers
  std::vector<identity::Provider> auth;      // identity providers by name
  std::string public_url;                    // how callers reach it; empty: as they say
  std::string tenant_domain;                 // whose subdomains are tenants; empty: none
  std::optional<std::string> static_folder;  // nothing: dist/ if it is there; "": none
  protocol::functions::SessionLimits session;
  engine::Limits engine;
  std::size_t queued_bytes_max = protocol::functions::HostOptions().queued_bytes_max;
  runtime::RuntimeLimits runtime;
  live::LiveOptions live;
  protocol::functions::TenantsOptions tenants;
  actions::PoolOptions actions;
  store::Durability durability = store::Durability::Full;
  LogFormat log_format = LogFormat::Human;
  std::optional<LogLevel> log_level;  // nothing: as the command line says
  bool metrics_are_public = false;    // whether /metrics needs no key
};

/// One setting as text or number, and where it stands for messages ("moonstone.toml:3").
struct Setting {
  std::string key;  // "server.port"
  /// Numbers as written, texts plain, lists as setting_list.h writes them.
  std::string text;
  std::string place;
};

/// What a configuration file says.
struct ConfigFile {
  std::vector<Setting> settings;                                          // outside [env.*]
  std::map<std::string, std::vector<Setting>, std::less<>> environments;  // by name
};

/// Errors: InvalidArgument naming file and line.
[[nodiscard]] Result<ConfigFile> parse_config_file(std::string_view text, const std::string& name);

/// Sets one key. Errors: NotFound (unknown key; the message proposes the nearest), InvalidArgument
/// reason "config" naming place, key and what is allowed.
[[nodiscard]] Status apply_setting(Config& config, const Setting& setting);

/// Every key, for the help and the environment.
[[nodiscard]] std::vector<std::string_view> config_keys();
/// "server.port" is "MOONSTONE_SERVER_PORT".
[[nodiscard]] std::string environment_variable_of(std::string_view key);

struct ConfigRequest {
  std::string file;         // path of moonstone.toml; it need not exist
  std::string environment;  // --env; empty: none
  /// Looks up an environment variable; tests bring their own.
  std::function<std::optional<std::string>(const std::string&)> lookup;
  std::vector<Setting> flags;
};

struct LoadedConfig {
  Config config;
  std::vector<std::string> warnings;
};

/// Errors: as above; NotFound if the file has [env] sections but none of that name.
[[nodiscard]] Result<LoadedConfig> load_config(const ConfigRequest& request);

/// Environments are folders too. Errors: InvalidArgument for a name that could leave its place.
[[nodiscard]] Status check_environment_name(std::string_view name);

/// The process' own environment, for ConfigRequest::lookup.
[[nodiscard]] std::optional<std::string> process_environment(const std::string& name);

/// Of the candidates the one that differs least from `text`, or empty if none is near.
[[nodiscard]] std::string_view nearest(std::string_view text,
                                       std::span<const std::string_view> candidates);

}  // namespace moonstone::cli
