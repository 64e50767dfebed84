// Moonstone. Licence: see LICENSE.
#include "cli/lite_config.h"

#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/files.h"
#include "cli/process.h"
#include "cli/support.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// A migration may move many rows.
constexpr std::chrono::minutes kScriptTimeMax{10};

/// Put before the result, so that what the file prints itself is told apart from it.
constexpr std::string_view kMark = "\nmoonstone-lite-config:";

constexpr std::string_view kConfigScript = R"js(
import { pathToFileURL } from "node:url";
const loaded = await import(pathToFileURL(process.argv[1]).href);
const config = loaded.default ?? {};
process.stdout.write("\nmoonstone-lite-config:" + JSON.stringify(config, (key, value) =>
  typeof value === "bigint" ? Number(value) : value));
)js";

constexpr std::string_view kRunScript = R"js(
import { pathToFileURL } from "node:url";
const [kind, file, name, schema, db] = process.argv.slice(1);
let orm;
try {
  orm = await import("@moonstone/orm");
} catch (error) {
  console.error(`a client is needed to run ${file}: install @moonstone/orm (${error.message})`);
  process.exit(1);
}
let client;
try {
  const loaded = await import(pathToFileURL(file).href);
  client = await orm.createClient({ path: schema, db });
  if (kind === "migration") {
    const up = loaded.up ?? loaded.default?.up ?? loaded.default;
    if (typeof up !== "function") throw new Error(`${file} exports no function up`);
    await client.$transaction((transaction) => up(transaction));
  } else {
    const Seeder = name ? loaded[name] : (loaded.default ?? loaded.DatabaseSeeder);
    const seeder = typeof Seeder === "function" ? new Seeder() : Seeder;
    if (typeof seeder?.run !== "function") throw new Error(`${file} exports no seeder with run()`);
    await seeder.run(client);
  }
} catch (error) {
  console.error(error?.message ?? String(error));
  process.exitCode = 1;
} finally {
  await client?.$close();
}
)js";

Result<std::string> find_node() {
  // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing here changes the environment
  const char* const path = std::getenv("PATH");
  std::string_view rest = path == nullptr ? "" : path;
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find(':'), rest.size());
    const std::string candidate = fmt::format("{}/node", rest.substr(0, end));
    if (is_file(candidate)) return candidate;
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  return Error(ErrorCode::Unavailable,
               "Node is needed to run JavaScript of the project and is not in PATH", "no_node");
}

std::string trimmed(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' '))
    text.pop_back();
  return text;
}

Result<ProcessOutcome> run_node(std::string_view code,
                                const std::vector<std::string>& arguments,
                                const std::vector<std::string>& environment) {
  MS_TRY(const std::string node, find_node());
  ProcessOptions options;
  options.command = {node, "--input-type=module", "--no-warnings", "-e", std::string(code), "--"};
  options.command.insert(options.command.end(), arguments.begin(), arguments.end());
  options.folder = fs::current_path().string();
  options.time_max = kScriptTimeMax;
  options.environment = environment;
  return run_process(options);
}

/// A file beside the configuration that goes away.
class BundledConfig {
 public:
  explicit BundledConfig(const fs::path& config)
      : path_((config.parent_path() / fmt::format(".{}.mjs", config.stem().string())).string()) {}
  BundledConfig(const BundledConfig&) = delete;
  BundledConfig& operator=(const BundledConfig&) = delete;
  ~BundledConfig() {
    std::error_code failure;
    fs::remove(path_, failure);
  }
  [[nodiscard]] const std::string& path() const { return path_; }

 private:
  std::string path_;
};

Status bundle_typescript(const std::string& from, const std::string& to) {
  MS_TRY(const std::string esbuild, find_esbuild(fs::current_path().string()));
  ProcessOptions options;
  options.command = {esbuild,
                     from,
                     "--bundle",
                     "--platform=node",
                     "--format=esm",
                     "--packages=external",
                     "--log-level=error",
                     "--outfile=" + to};
  options.folder = fs::current_path().string();
  MS_TRY(const ProcessOutcome outcome, run_process(options));
  if (outcome.exit_code == 0) return {};
  return Error(ErrorCode::InvalidArgument, fmt::format("{}: {}", from, trimmed(outcome.output)));
}

Result<Object> read_default_export(const std::string& path,
                                   const std::string& shown,
                                   const std::vector<std::string>& environment) {
  MS_TRY(const ProcessOutcome outcome,
         run_node(kConfigScript, {fs::absolute(path).string()}, environment));
  const std::size_t mark = outcome.output.rfind(kMark);
  if (outcome.exit_code != 0 || mark == std::string::npos) {
    return Error(ErrorCode::InvalidArgument, fmt::format("{}: {}", shown, trimmed(outcome.output)));
  }
  MS_TRY(Value value, parse_json(outcome.output.substr(mark + kMark.size())));
  if (!value.is_object()) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("{}: the default export must be an object", shown));
  }
  return std::move(value.as_object());
}

}  // namespace

Result<Object> load_lite_config(const std::string& path,
                                const std::vector<std::string>& environment) {
  const std::string extension = fs::path(path).extension().string();
  if (extension == ".js" || extension == ".mjs") {
    return read_default_export(path, path, environment);
  }
  if (extension != ".ts") {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("--config must be a .js or .ts file, not {}", path));
  }
  const BundledConfig bundled(fs::absolute(path));
  MS_TRY_STATUS(bundle_typescript(path, bundled.path()));
  return read_default_export(bundled.path(), path, environment);
}

Result<std::string> run_lite_script(const LiteScriptRun& run) {
  const std::string kind = run.kind == LiteScript::Migration ? "migration" : "seeder";
  MS_TRY(const ProcessOutcome outcome,
         run_node(kRunScript, {kind, fs::absolute(run.file).string(), run.name, run.schema, run.db},
                  run.environment));
  if (outcome.exit_code == 0) return trimmed(outcome.output);
  return Error(ErrorCode::InvalidArgument, trimmed(outcome.output));
}

}  // namespace moonstone::cli
