// Moonstone. Licence: see LICENSE.
#include "cli/bundler.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <unistd.h>

#include "base/json.h"
#include "cli/files.h"
#include "cli/process.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// Every name by which functions may import the authoring package.
constexpr std::array<std::string_view, 4> kAuthoringNames = {
    "@moonstone/server", "@zeroback/server", "@lunora/server", "@lunora/values"};

/// V8 10.2, the oldest that Debian's libnode brings.
constexpr std::string_view kTarget = "es2021";

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
  return relative.generic_string();
}

/// The files of one run; a concurrent `moonstone codegen` of the same project has its own.
struct OutputFiles {
  explicit OutputFiles(const std::string& folder)
      : code(fmt::format("{}/output.{}.js", folder, ::getpid())),
        map(code + ".map"),
        meta(fmt::format("{}/output.{}.json", folder, ::getpid())) {}
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

std::vector<std::string> command_line(const BundleRequest& request,
                                      const std::string& entry,
                                      const OutputFiles& outputs) {
  const bool colours = request.colours == BundleRequest::Colours::On;
  std::vector<std::string> command = {
      request.esbuild,
      entry,
      "--bundle",
      "--format=iife",
      "--global-name=__moonstone",
      fmt::format("--target={}", kTarget),
      "--platform=neutral",
      "--main-fields=module,main",
      "--sourcemap=external",
      "--sources-content=false",
      "--charset=utf8",
      "--legal-comments=none",
      "--log-level=warning",
      fmt::format("--color={}", colours ? "true" : "false"),
      "--outfile=" + outputs.code,
      "--metafile=" + outputs.meta,
  };
  for (const std::string_view name : kAuthoringNames) {
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
  return fmt::format(
      "// Written by moonstone at each build.\n{}\nexport const modules = {{\n{}}};\n{}", imports,
      members, schema);
}

Result<BundleOutcome> bundle(const BundleRequest& request) {
  const std::string folder = request.project->build_folder();
  const std::string entry = folder + "/entry.ts";
  MS_TRY_STATUS(write_if_changed(entry, entry_text(*request.layout, folder)));
  const OutputFiles outputs(folder);
  MS_TRY(ProcessOutcome run, run_process({.command = command_line(request, entry, outputs),
                                          .folder = request.project->root,
                                          .interrupt = request.interrupt}));
  std::string report = trimmed(std::move(run.output));
  if (run.exit_code != 0) {
    if (report.empty()) report = fmt::format("esbuild ended with code {}", run.exit_code);
    return Error(ErrorCode::InvalidArgument, std::move(report), "build");
  }
  BundleOutcome outcome;
  outcome.warnings = std::move(report);
  MS_TRY(outcome.source.code, read_file(outputs.code));
  MS_TRY(outcome.source.source_map, read_file(outputs.map));
  MS_TRY(outcome.inputs, read_inputs(outputs.meta, request.project->root, entry));
  return outcome;
}

}  // namespace moonstone::cli
