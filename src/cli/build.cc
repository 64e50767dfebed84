// Moonstone. Licence: see LICENSE.
#include "cli/build.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include <fmt/format.h>

#include "cli/bundle_cache.h"
#include "cli/codegen.h"
#include "cli/config.h"
#include "cli/env_file.h"
#include "cli/files.h"
#include "cli/lite_schema.h"
#include "cli/support.h"
#include "runtime/actions/find_program.h"

namespace moonstone::cli {
namespace {

using runtime::Function;
using runtime::FunctionKind;

std::string_view kind_name(const Function& function) {
  const bool is_internal = function.visibility == runtime::Visibility::Internal;
  switch (function.kind) {
    case FunctionKind::Query:
      return is_internal ? "internal query" : "query";
    case FunctionKind::Mutation:
      return is_internal ? "internal mutation" : "mutation";
    case FunctionKind::Action:
      return is_internal ? "internal action" : "action";
  }
  return "function";
}

/// One build under way.
class Builder {
 public:
  Builder(const Project& project, const BuildOptions& options)
      : project_(project), options_(options) {}

  Result<BuildOutcome> run() {
    MS_TRY_STATUS(survey());
    if (options_.cache == BuildOptions::Cache::Use) {
      MS_TRY(const Found found, use_cache());
      if (found == Found::Yes) return std::move(outcome_);
    }
    warnings_of_survey_ = outcome_.warnings.size();
    MS_TRY(BundleOutcome made, make_first_bundle());
    MS_TRY_STATUS(generate_types());
    if (has_changed_input(made.inputs)) {
      MS_TRY(made, make_bundle());
    }
    if (!made.warnings.empty()) outcome_.warnings.push_back(std::move(made.warnings));
    if (is_incomplete_) return std::move(outcome_);
    MS_TRY_STATUS(store_cached_bundle(project_.build_folder(), entry_,
                                      {.source = outcome_.bundle->source, .inputs = made.inputs},
                                      started_));
    return std::move(outcome_);
  }

 private:
  enum class Found : unsigned char { No, Yes };

  Status survey() {
    MS_TRY(layout_, discover(project_.functions_folder));
    MS_TRY(layout_.gate, find_gate(project_));
    if (layout_.modules.empty() && layout_.node_modules.empty() && !layout_.schema &&
        !layout_.lite_schema && !layout_.http) {
      return Error(ErrorCode::NotFound,
                   fmt::format("{} holds no functions: write a schema.ts and a module such as "
                               "tasks.ts, or run `moonstone init` in another folder for an example",
                               project_.functions_folder));
    }
    if (layout_.lite_schema) {
      MS_TRY(layout_.schema,
             make_lite_module(*layout_.lite_schema, project_.build_folder(), outcome_.warnings));
    }
    std::string schema_text;
    if (layout_.schema) {
      MS_TRY(schema_text, read_file(layout_.schema->path));
    }
    package_ = authoring_package_of(schema_text);
    MS_TRY_STATUS(write_missing_stubs(project_.generated_folder(), package_,
                                      layout_.lite_schema ? HasModels::Yes : HasModels::No));
    entry_ = entry_text(layout_, project_.build_folder());
    // The other half's entry follows from these and from the files.
    for (const Module& module : layout_.node_modules)
      entry_ += "// node: " + module.path + "\n";
    for (const auto* module : {&layout_.http, &layout_.gate}) {
      if (*module) entry_ += "// node: " + (*module)->path + "\n";
    }
    return {};
  }

  Result<Found> use_cache() {
    auto cached = load_cached_bundle(project_.build_folder(), entry_);
    if (!cached) return Found::No;
    MS_TRY(outcome_.bundle, runtime::load_bundle(std::move(cached->source)));
    MS_TRY_STATUS(generate_types());
    return has_changed_input(cached->inputs) ? Found::No : Found::Yes;
  }

  /// The api.ts that is there may be older than the modules: a file that reads from it while it is
  /// loaded, as crons.ts does, finds no new function there, and api.ts is written only after a
  /// load. Its stand-in knows every name.
  Result<BundleOutcome> make_first_bundle() {
    auto made = make_bundle();
    if (made || !is_bundled_ || made.error().code() == ErrorCode::Cancelled) return made;
    const GeneratedFile stub = stub_of_api();
    const std::string path = project_.generated_folder() + "/" + stub.name;
    const auto former = read_file(path);
    if (!former || *former == stub.text) return made;
    MS_TRY_STATUS(write_file(path, stub.text));
    auto again = make_bundle();
    if (again) return again;
    MS_TRY_STATUS(write_file(path, *former));
    return made;
  }

  /// Bundles both halves and sets the bundle.
  Result<BundleOutcome> make_bundle() {
    outcome_.warnings.resize(warnings_of_survey_);
    started_ = std::chrono::file_clock::now();
    BundleRequest request{.project = &project_,
                          .layout = &layout_,
                          .esbuild = {},
                          .authoring_package = {},
                          .environment = {},
                          .colours = options_.colours,
                          .interrupt = options_.interrupt};
    MS_TRY(request.esbuild, find_esbuild(project_.root));
    MS_TRY(request.authoring_package, find_authoring_package());
    MS_TRY(BundleOutcome made, bundle(request));
    is_bundled_ = true;
    MS_TRY(outcome_.bundle, runtime::load_bundle(made.source));
    const NodeParts parts = node_parts(layout_, *outcome_.bundle);
    if (parts.empty()) return made;
    MS_TRY(const LoadedConfig settings, load_config({.file = project_.root + "/moonstone.toml",
                                                     .environment = options_.environment,
                                                     .lookup = process_environment,
                                                     .flags = {}}));
    MS_TRY(request.environment, action_environment(project_.root, EnvFiles::Read));
    const auto node = actions::find_program(settings.config.actions.node);
    if (!node) {
      MS_TRY_STATUS(do_without_node(node.error()));
      return made;
    }
    MS_TRY_STATUS(bundle_for_node(request, parts, made));
    MS_TRY_STATUS(describe_for_node(request, *node, made));
    MS_TRY(outcome_.bundle, runtime::load_bundle(made.source));
    return made;
  }

  /// Queries and mutations need no Node; a gate does, as nothing may pass without it.
  Status do_without_node(const Error& cause) {
    is_incomplete_ = true;
    const std::string what = fmt::format(
        "{}; Node 18 or newer is needed. Install it, or name its path in the setting "
        "actions.node",
        cause.message());
    if (layout_.gate) {
      return Error(
          ErrorCode::FailedPrecondition,
          fmt::format("the worker entry {} decides about every request, and cannot run: {}",
                      layout_.gate->name, what),
          "node_missing");
    }
    std::string names;
    for (const Module& module : layout_.node_modules)
      names += " " + module.name;
    outcome_.warnings.push_back(
        fmt::format("actions, HTTP routes and files marked \"use node\" cannot run: {}{}{}", what,
                    names.empty() ? "" : ". Left out:", names));
    return {};
  }

  Status generate_types() {
    MS_TRY(const auto files,
           generate({.bundle = outcome_.bundle.get(), .layout = &layout_, .package = package_}));
    MS_TRY(auto changed, write_generated(project_.generated_folder(), files));
    for (std::string& name : changed)
      outcome_.generated.push_back(std::move(name));
    return {};
  }

  /// Whether one of the files just generated was bundled. esbuild names files by where links lead.
  [[nodiscard]] bool has_changed_input(const std::vector<std::string>& inputs) const {
    return std::ranges::any_of(outcome_.generated, [&](const std::string& name) {
      const std::string path = project_.generated_folder() + "/" + name;
      return std::ranges::any_of(inputs, [&](const std::string& input) {
        std::error_code ignored;
        return input.ends_with("/" + name) && std::filesystem::equivalent(input, path, ignored);
      });
    });
  }

  const Project& project_;
  const BuildOptions& options_;
  Layout layout_;
  std::string package_;
  std::string entry_;
  std::size_t warnings_of_survey_ = 0;           // those of a bundling come behind them
  std::chrono::file_clock::time_point started_;  // of the last bundling
  bool is_bundled_ = false;                      // esbuild was content
  bool is_incomplete_ = false;                   // Node is missing: not to be kept
  BuildOutcome outcome_;
};

}  // namespace

Result<BuildOutcome> build(const Project& project, const BuildOptions& options) {
  return Builder(project, options).run();
}

std::vector<std::string> describe_functions(const runtime::Bundle* before,
                                            const runtime::Bundle& after) {
  std::vector<std::string> lines;
  for (const auto& [name, function] : after.functions) {
    const Function* const old = before == nullptr ? nullptr : before->find(name);
    if (old == nullptr) {
      lines.push_back(fmt::format("+ {} ({})", name, kind_name(function)));
    } else if (kind_name(*old) != kind_name(function)) {
      lines.push_back(fmt::format("~ {} ({} -> {})", name, kind_name(*old), kind_name(function)));
    }
  }
  if (before == nullptr) return lines;
  for (const auto& [name, function] : before->functions) {
    if (!after.functions.contains(name)) {
      lines.push_back(fmt::format("- {} ({})", name, kind_name(function)));
    }
  }
  return lines;
}

std::string describe_bundle(const runtime::Bundle& bundle) {
  const auto counted = [](std::size_t count, std::string_view noun) {
    return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
  };
  return fmt::format("Bundled {}, {}", counted(bundle.functions.size(), "function"),
                     counted(bundle.schema.tables.size(), "table"));
}

}  // namespace moonstone::cli
