// Moonstone. Licence: see LICENSE.
#include "cli/package_json.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

#include "base/json.h"

namespace moonstone::cli {
namespace {

constexpr std::array<std::string_view, 4> kDependencySections = {
    "dependencies", "devDependencies", "peerDependencies", "optionalDependencies"};

bool is_mentioned(const Object& manifest, std::string_view package) {
  return std::ranges::any_of(kDependencySections, [&](std::string_view name) {
    const Value* const section = manifest.find(name);
    return section != nullptr && section->is_object() &&
           section->as_object().find(package) != nullptr;
  });
}

/// The white space before the first member: what the file indents by.
std::string indentation_of(std::string_view text) {
  const std::size_t line = text.find('\n');
  if (line == std::string_view::npos) return "  ";
  const std::size_t end = text.find_first_not_of(" \t", line + 1);
  if (end == std::string_view::npos || end == line + 1) return "  ";
  return std::string(text.substr(line + 1, end - line - 1));
}

/// Replaces each leading pair of spaces. Texts of JSON hold no line feeds, so every one counts.
std::string reindent(const std::string& text, const std::string& indentation) {
  std::string out;
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t end = std::min(text.find('\n', from), text.size() - 1);
    std::size_t at = from;
    while (text.compare(at, 2, "  ") == 0) {
      out += indentation;
      at += 2;
    }
    out.append(text, at, end + 1 - at);
    from = end + 1;
  }
  return out;
}

/// npm takes lower case, digits, `-`, `_` and `.` only.
std::string npm_name(std::string_view name) {
  std::string out;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0) {
      out += static_cast<char>(std::tolower(byte));
    } else if (!out.empty()) {
      out += '-';
    }
  }
  return out.empty() ? "app" : out;
}

Result<Value> parse_manifest(std::string_view package_json) {
  MS_TRY(Value manifest, parse_json(package_json));
  if (manifest.is_object()) return manifest;
  return Error(ErrorCode::InvalidArgument, "package.json does not hold an object");
}

}  // namespace

Result<std::string> add_dependencies(std::string_view package_json,
                                     std::string_view project_name,
                                     const std::vector<NpmPackage>& packages) {
  Value manifest = Object{{"name", npm_name(project_name)},
                          {"version", "0.1.0"},
                          {"private", true},
                          {"type", "module"}};
  if (!package_json.empty()) {
    MS_TRY(manifest, parse_manifest(package_json));
  }
  Object& members = manifest.as_object();
  bool has_added = false;
  for (const NpmPackage& package : packages) {
    if (is_mentioned(members, package.name)) continue;
    Value* dependencies = members.find("dependencies");
    if (dependencies == nullptr || !dependencies->is_object()) {
      dependencies = &members.set("dependencies", Object());
    }
    dependencies->as_object().append(package.name, "file:" + package.tarball);
    has_added = true;
  }
  if (!package_json.empty() && !has_added) return std::string(package_json);
  return reindent(to_json_indented(manifest) + "\n", indentation_of(package_json));
}

Result<std::string> rename_project(std::string_view package_json, std::string_view project_name) {
  MS_TRY(Value manifest, parse_manifest(package_json));
  manifest.as_object().set("name", npm_name(project_name));
  return to_json_indented(manifest) + "\n";
}

}  // namespace moonstone::cli
