// Moonstone. Licence: see LICENSE.
#include "runtime/bundle_file.h"

#include <array>
#include <cstdint>
#include <utility>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "base/version.h"

namespace moonstone::runtime {
namespace {

constexpr std::string_view kFormat = "moonstone-bundle";
/// Raised when an older server could misread a newer file.
constexpr std::int64_t kFormatVersion = 1;

struct Part {
  std::string_view name;
  std::string BundleSource::* text;
};
/// Every part of a source; the order is part of the hash.
constexpr std::array kParts = {
    Part{.name = "code", .text = &BundleSource::code},
    Part{.name = "sourceMap", .text = &BundleSource::source_map},
    Part{.name = "nodeCode", .text = &BundleSource::node_code},
    Part{.name = "nodeSourceMap", .text = &BundleSource::node_source_map},
    Part{.name = "nodeManifest", .text = &BundleSource::node_manifest},
    Part{.name = "nodeCode", .text = &BundleSource::node_code},
    Part{.name = "nodeSourceMap", .text = &BundleSource::node_source_map},
    Part{.name = "nodeManifest", .text = &BundleSource::node_manifest},
};

std::string_view kind_name(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::Query:
      return "query";
    case FunctionKind::Mutation:
      return "mutation";
    case FunctionKind::Action:
      return "action";
  }
  return "function";
}

Value list_functions(const Bundle& bundle) {
  Array functions;
  for (const auto& [name, function] : bundle.functions) {
    functions.emplace_back(Object{{"name", name},
                                  {"kind", kind_name(function.kind)},
                                  {"internal", function.visibility == Visibility::Internal}});
  }
  return functions;
}

Error no_bundle(std::string_view what) {
  return {ErrorCode::InvalidArgument,
          fmt::format("this is not a bundle: {}. Make one with `moonstone build`", what), "bundle"};
}

std::string text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

Status check_format(const Object& file) {
  if (text_member(file, "format") != kFormat) {
    return no_bundle(fmt::format("its `format` is not \"{}\"", kFormat));
  }
  const Value* const format_version = file.find("formatVersion");
  if (format_version != nullptr && *format_version == Value(kFormatVersion)) return {};
  return Error(
      ErrorCode::InvalidArgument,
      fmt::format("the bundle was made by Moonstone {} in format {}; this is Moonstone {}, "
                  "which reads format {}. Use the same version on both sides",
                  text_member(file, "moonstone"),
                  format_version == nullptr ? "unknown" : to_json(*format_version), version(),
                  kFormatVersion),
      "bundle");
}

Result<BundleSource> read_source(const Object& file) {
  const Value* const member = file.find("source");
  if (member == nullptr || !member->is_object()) return no_bundle("it has no `source`");
  BundleSource source;
  for (const Part& part : kParts) {
    const Value* const text = member->as_object().find(part.name);
    if (text == nullptr) continue;
    if (!text->is_text()) return no_bundle(fmt::format("`source.{}` is no text", part.name));
    source.*part.text = text->as_text();
  }
  return source;
}

}  // namespace

std::string content_hash(const BundleSource& source) {
  Sha256 digest;
  for (const Part& part : kParts) {
    const std::string& text = source.*part.text;
    if (text.empty()) continue;  // so that a part which is not used yet changes no hash
    digest.update(fmt::format("{}:{}:", part.name, text.size()));
    digest.update(text);
  }
  return to_hex(digest.finish());
}

std::string write_bundle_file(const Bundle& bundle) {
  Object source;
  for (const Part& part : kParts) {
    const std::string& text = bundle.source.*part.text;
    if (!text.empty()) source.append(std::string(part.name), text);
  }
  return to_json(Object{{"format", kFormat},
                        {"formatVersion", kFormatVersion},
                        {"hash", content_hash(bundle.source)},
                        {"moonstone", version()},
                        {"functions", list_functions(bundle)},
                        {"schema", schema::schema_to_json(bundle.schema)},
                        {"source", std::move(source)}}) +
         "\n";
}

Result<BundleFile> read_bundle_file(std::string_view text) {
  if (text.size() > kBundleFileBytesMax) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("the bundle has {} bytes; at most {} are allowed", text.size(),
                             kBundleFileBytesMax),
                 "bundle_bytes");
  }
  JsonLimits limits;
  limits.bytes_max = kBundleFileBytesMax;
  const auto parsed = parse_json(text, limits);
  if (!parsed) return no_bundle(parsed.error().message());
  if (!parsed->is_object()) return no_bundle("it holds no object");
  const Object& members = parsed->as_object();
  MS_TRY_STATUS(check_format(members));
  BundleFile file;
  MS_TRY(file.source, read_source(members));
  if (file.source.code.empty()) return no_bundle("`source.code` is missing");
  file.version = text_member(members, "moonstone");
  file.hash = content_hash(file.source);
  if (file.hash != text_member(members, "hash")) {
    return Error(ErrorCode::InvalidArgument,
                 "the bundle is damaged: its contents do not fit its hash. Build and send it again",
                 "bundle");
  }
  return file;
}

}  // namespace moonstone::runtime
