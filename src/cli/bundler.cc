// Moonstone. Licence: see LICENSE.
#include "cli/bundler.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <set>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/files.h"
#include "cli/process.h"
#include "runtime/actions/worker_script.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// Every name by which functions may import the authoring package.
constexpr std::array<std::string_view, 5> kAuthoringNames = {"@moonstone/server",
                                                             "@zeroback/server", "@zeroback/values",
                                                             "@lunora/server", "@lunora/values"};

/// V8 10.2, the oldest that Debian's libnode brings.
constexpr std::string_view kTarget = "es2021";
/// The oldest Node that runs actions.
constexpr std::string_view kNodeTarget = "node18";

enum class Half : unsigned char { V8, Node };

std::string literal_of(std::string_view text) {
  std::string out;
  write_json_string(text, out);
  return out;
}

/// The file as an import specifier: relative, without extension.
std::string specifier_of(const Module& module, const std::string& entry_folder) {
  fs::path relative = fs::path(module.path).lexically_relative(entry_folder);
  // A .js module keeps its extension: esbuild would try .ts first.
  if (module.is_typescript()) relative.replace_extension();
  // Without the dots it would be the name of a package.
  std::string specifier = relative.generic_string();
  return specifier.starts_with('.') ? specifier : "./" + specifier;
}

/// The files of one run; a concurrent `moonstone codegen` of the same project has its own.
struct OutputFiles {
  OutputFiles(const std::string& folder, std::string_view half)
      : code(fmt::format("{}/output.{}{}.js", folder, ::getpid(), half)),
        map(code + ".map"),
        meta(fmt::format("{}/output.{}{}.json", folder, ::getpid(), half)) {}
  ~OutputFiles() {
    for (const std::string* path : {&code, &map, &meta})
      ::unlink(path->c_str());
  }
  OutputFiles(const OutputFiles&) = delete;
  OutputFiles& operator=(const OutputFiles&) = delete;

  std::string code;
  std::string map;
  std::string meta;
};

/// CommonJS packages in an ES module still call these.
constexpr std::string_view kNodeBanner =
    "import { createRequire as __createRequire } from \"node:module\";"
    "import { fileURLToPath as __fileURLToPath } from \"node:url\";"
    "const require = __createRequire(import.meta.url);"
    "const __filename = __fileURLToPath(import.meta.url);"
    "const __dirname = __fileURLToPath(new URL(\".\", import.meta.url));";

std::vector<std::string> target_options(Half half) {
  if (half == Half::Node) {
    return {"--format=esm", fmt::format("--target={}", kNodeTarget), "--platform=node",
            fmt::format("--banner:js={}", kNodeBanner)};
  }
  return {"--format=iife", "--global-name=__moonstone", fmt::format("--target={}", kTarget),
          "--platform=neutral", "--main-fields=module,main"};
}

std::vector<std::string> command_line(const BundleRequest& request,
                                      Half half,
                                      const std::string& entry,
                                      const OutputFiles& outputs) {
  const bool colours = request.colours == BundleRequest::Colours::On;
  std::vector<std::string> command = {
      request.esbuild,
      entry,
      "--bundle",
      "--sourcemap=external",
      "--sources-content=false",
      "--charset=utf8",
      "--legal-comments=none",
      "--log-level=warning",
      fmt::format("--color={}", colours ? "true" : "false"),
      "--outfile=" + outputs.code,
      "--metafile=" + outputs.meta,
  };
  for (std::string& option : target_options(half))
    command.push_back(std::move(option));
  const std::string runtime_file =
      (fs::path(request.authoring_package).parent_path() / "runtime.js").string();
  for (const std::string_view name : kAuthoringNames) {
    // The longer name first: esbuild would take the other one for its beginning.
    command.push_back(fmt::format("--alias:{}/runtime={}", name, runtime_file));
    command.push_back(fmt::format("--alias:{}={}", name, request.authoring_package));
  }
  return command;
}

/// The files that esbuild read, from its metafile; their paths are relative to its folder.
Result<std::vector<std::string>> read_inputs(const std::string& metafile,
                                             const std::string& folder,
                                             const std::string& entry) {
  MS_TRY(const std::string text, read_file(metafile));
  JsonLimits limits;
  limits.bytes_max = kFileBytesMax;
  MS_TRY(const Value meta, parse_json(text, limits));
  const Value* const inputs = meta.is_object() ? meta.as_object().find("inputs") : nullptr;
  if (inputs == nullptr || !inputs->is_object()) {
    return Error(ErrorCode::Internal, "esbuild's metafile has no inputs");
  }
  std::vector<std::string> paths;
  for (const Member& input : inputs->as_object()) {
    std::string path = (fs::path(folder) / input.name).lexically_normal().string();
    // A file stands there; what is not one (such as "<define:x>") cannot change by itself.
    if (path != entry && is_file(path)) paths.push_back(std::move(path));
  }
  std::ranges::sort(paths);
  return paths;
}

std::string trimmed(std::string text) {
  text.erase(0, std::min(text.find_first_not_of('\n'), text.size()));
  while (text.ends_with('\n'))
    text.pop_back();
  return text;
}

/// What esbuild made of one half.
struct Bundled {
  std::string code;
  std::string source_map;
  std::vector<std::string> inputs;
  std::string warnings;
};

Result<Bundled> run_esbuild(const BundleRequest& request,
                            Half half,
                            const std::string& entry,
                            const std::string& text) {
  MS_TRY_STATUS(write_if_changed(entry, text));
  const OutputFiles outputs(request.project->build_folder(), half == Half::Node ? ".node" : "");
  MS_TRY(ProcessOutcome run, run_process({.command = command_line(request, half, entry, outputs),
                                          .folder = request.project->root,
                                          .interrupt = request.interrupt}));
  std::string report = trimmed(std::move(run.output));
  if (run.exit_code != 0) {
    if (report.empty()) report = fmt::format("esbuild ended with code {}", run.exit_code);
    return Error(ErrorCode::InvalidArgument, std::move(report), "build");
  }
  Bundled made;
  made.warnings = std::move(report);
  MS_TRY(made.code, read_file(outputs.code));
  MS_TRY(made.source_map, read_file(outputs.map));
  MS_TRY(made.inputs, read_inputs(outputs.meta, request.project->root, entry));
  return made;
}

/// The entry of the Node half, which worker/*.js of runtime/actions expects.
std::string node_entry_text(const NodeParts& parts, const std::string& entry_folder) {
  std::string imports;
  std::string members;
  std::size_t number = 0;
  for (const Module& module : parts.modules) {
    imports += fmt::format("import * as m{} from {};\n", number,
                           literal_of(specifier_of(module, entry_folder)));
    members += fmt::format("  {}: m{},\n", literal_of(module.name), number);
    ++number;
  }
  std::string marked;
  for (const Module& module : parts.layout->node_modules)
    marked += literal_of(module.name) + ", ";
  std::string gate;
  if (parts.layout->gate) {
    imports += fmt::format("import * as gate from {};\n",
                           literal_of(specifier_of(*parts.layout->gate, entry_folder)));
    gate = "export { gate };\n";
  }
  return fmt::format(
      "// Written by moonstone at each build.\n{}\nexport const modules = {{\n{}}};\n"
      "export const nodeModules = [{}];\n{}",
      imports, members, marked, gate);
}

/// esbuild says that it has no loader for an addon, which helps nobody.
Error with_addon_hint(Error error) {
  if (error.message().find("No loader is configured for \".node\" files") == std::string::npos) {
    return error;
  }
  return {error.code(),
          error.message() +
              "\n\nNative addons (.node files) cannot be bundled. Use a package "
              "that is JavaScript or WebAssembly, or call a service of your own",
          error.reason()};
}

/// The files by which Node describes its half.
struct NodeFiles {
  explicit NodeFiles(const std::string& folder)
      : worker(fmt::format("{}/worker.{}.mjs", folder, ::getpid())),
        code(fmt::format("{}/node.{}.mjs", folder, ::getpid())),
        map(code + ".map"),
        manifest(fmt::format("{}/node.{}.json", folder, ::getpid())) {}
  ~NodeFiles() {
    for (const std::string* path : {&worker, &code, &map, &manifest})
      ::unlink(path->c_str());
  }
  NodeFiles(const NodeFiles&) = delete;
  NodeFiles& operator=(const NodeFiles&) = delete;

  std::string worker;
  std::string code;
  std::string map;
  std::string manifest;
};

/// One project has one router (functions.md 21.4).
Status check_routers(const std::string& manifest) {
  JsonLimits limits;
  limits.bytes_max = kFileBytesMax;
  MS_TRY(const Value parsed, parse_json(manifest, limits));
  const Value* const routers = parsed.is_object() ? parsed.as_object().find("routers") : nullptr;
  if (routers == nullptr || !routers->is_array() || routers->as_array().size() < 2) return {};
  std::vector<std::string> names;
  for (const Value& router : routers->as_array()) {
    const Value* const name = router.is_object() ? router.as_object().find("module") : nullptr;
    if (name != nullptr && name->is_text()) names.push_back(name->as_text());
  }
  return Error(ErrorCode::InvalidArgument,
               fmt::format("more than one file has a router as its default export: {}. Put all "
                           "routes into one of them",
                           fmt::join(names, ", ")),
               "build");
}

}  // namespace

std::string entry_text(const Layout& layout, const std::string& entry_folder) {
  std::string imports;
  std::string members;
  std::size_t number = 0;
  for (const Module& module : layout.modules) {
    imports += fmt::format("import * as m{} from {};\n", number,
                           literal_of(specifier_of(module, entry_folder)));
    members += fmt::format("  {}: m{},\n", literal_of(module.name), number);
    ++number;
  }
  std::string schema;
  if (layout.schema) {
    imports += fmt::format("import * as schema from {};\n",
                           literal_of(specifier_of(*layout.schema, entry_folder)));
    schema = "export { schema };\n";
  }
  if (layout.crons) {
    imports += fmt::format("import * as crons from {};\n",
                           literal_of(specifier_of(*layout.crons, entry_folder)));
    schema += "export { crons };\n";
  }
  return fmt::format(
      "// Written by moonstone at each build.\n{}\nexport const modules = {{\n{}}};\n{}", imports,
      members, schema);
}

NodeParts node_parts(const Layout& layout, const runtime::Bundle& bundle) {
  std::set<std::string_view> wanted;
  for (const auto& [name, function] : bundle.functions) {
    if (function.kind == runtime::FunctionKind::Action) wanted.insert(function.module);
  }
  wanted.insert(bundle.router_modules.begin(), bundle.router_modules.end());
  NodeParts parts{.modules = layout.node_modules, .layout = &layout};
  for (const Module& module : layout.modules) {
    if (wanted.contains(module.name)) parts.modules.push_back(module);
  }
  if (layout.http) parts.modules.push_back(*layout.http);
  std::ranges::sort(parts.modules, {}, &Module::name);
  return parts;
}

Result<BundleOutcome> bundle(const BundleRequest& request) {
  const std::string folder = request.project->build_folder();
  MS_TRY(Bundled made,
         run_esbuild(request, Half::V8, folder + "/entry.ts", entry_text(*request.layout, folder)));
  BundleOutcome outcome;
  outcome.source.code = std::move(made.code);
  outcome.source.source_map = std::move(made.source_map);
  outcome.inputs = std::move(made.inputs);
  outcome.warnings = std::move(made.warnings);
  return outcome;
}

Status bundle_for_node(const BundleRequest& request,
                       const NodeParts& parts,
                       BundleOutcome& outcome) {
  const std::string folder = request.project->build_folder();
  auto made =
      run_esbuild(request, Half::Node, folder + "/entry.node.ts", node_entry_text(parts, folder));
  if (!made) return with_addon_hint(std::move(made).error());
  outcome.source.node_code = std::move(made->code);
  outcome.source.node_source_map = std::move(made->source_map);
  outcome.inputs.insert(outcome.inputs.end(), made->inputs.begin(), made->inputs.end());
  std::ranges::sort(outcome.inputs);
  const auto repeated = std::ranges::unique(outcome.inputs);
  outcome.inputs.erase(repeated.begin(), repeated.end());
  // What both halves contain is reported twice.
  if (made->warnings != outcome.warnings) outcome.warnings += made->warnings;
  return {};
}

Status describe_for_node(const BundleRequest& request,
                         const std::string& node,
                         BundleOutcome& outcome) {
  const std::string folder = request.project->build_folder();
  const NodeFiles files(folder);
  MS_TRY_STATUS(write_file(files.worker, actions::worker_script()));
  MS_TRY_STATUS(write_file(files.map, outcome.source.node_source_map));
  MS_TRY_STATUS(
      write_file(files.code, fmt::format("{}\n//# sourceMappingURL={}\n", outcome.source.node_code,
                                         fs::path(files.map).filename().string())));
  MS_TRY(const ProcessOutcome run,
         run_process({.command = {node, "--enable-source-maps", "--no-warnings", files.worker,
                                  "--describe", files.code, files.manifest},
                      .folder = request.project->root,
                      .interrupt = request.interrupt,
                      .environment = request.environment}));
  if (run.exit_code != 0) {
    return Error(ErrorCode::InvalidArgument,
                 "the modules that run in Node could not be loaded:\n" + trimmed(run.output),
                 "build");
  }
  MS_TRY(outcome.source.node_manifest, read_file(files.manifest));
  return check_routers(outcome.source.node_manifest);
}

}  // namespace moonstone::cli
