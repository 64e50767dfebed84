// Moonstone. Licence: see LICENSE.
#include "runtime/bundle.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/encoding.h"
#include "base/json.h"
#include "runtime/internal/machine.h"

namespace moonstone::runtime {
namespace {

std::string text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

std::optional<FunctionKind> kind_named(std::string_view name) {
  if (name == "query") return FunctionKind::Query;
  if (name == "mutation") return FunctionKind::Mutation;
  if (name == "action") return FunctionKind::Action;
  return std::nullopt;
}

/// Arguments without a validator are not checked at all (functions.md 4.3).
Result<schema::TypePtr> read_arguments(const Value& fields) {
  if (!fields.is_object() || fields.as_object().empty()) return schema::TypePtr();
  return schema::parse_type(Object{{"type", "object"}, {"value", fields}});
}

Result<Function> read_function(const Object& described) {
  Function function;
  function.module = text_member(described, "module");
  function.export_name = text_member(described, "name");
  function.name = fmt::format("{}:{}", function.module, function.export_name);
  const auto kind = kind_named(text_member(described, "kind"));
  if (!kind) return Error(ErrorCode::InvalidArgument, function.name + " has an unknown kind");
  function.kind = *kind;
  const Value* const internal = described.find("internal");
  const bool is_internal = internal != nullptr && *internal == Value(true);
  function.visibility = is_internal ? Visibility::Internal : Visibility::Public;
  if (const Value* const args = described.find("args")) {
    auto type = read_arguments(*args);
    if (!type) return std::move(type).error().with_context(function.name + ": args");
    function.args = *std::move(type);
  }
  if (const Value* const returns = described.find("returns")) {
    auto type = schema::parse_type(*returns);
    if (!type) return std::move(type).error().with_context(function.name + ": returns");
    function.returns = *std::move(type);
  }
  return function;
}

Status read_description(const Value& description, Bundle& bundle) {
  if (!description.is_object()) return Error(ErrorCode::Internal, "the bundle is not described");
  if (const Value* const schema = description.as_object().find("schema")) {
    MS_TRY(bundle.schema, schema::parse_schema_json(*schema));
  }
  const Value* const functions = description.as_object().find("functions");
  if (functions == nullptr || !functions->is_array()) return {};
  for (const Value& described : functions->as_array()) {
    MS_TRY(Function function, read_function(described.as_object()));
    std::string name = function.name;
    bundle.functions.emplace(std::move(name), std::move(function));
  }
  return {};
}

}  // namespace

const Function* Bundle::find(std::string_view name) const {
  if (const auto found = functions.find(name); found != functions.end()) return &found->second;
  // "utils.stats:f" means "utils/stats:f"; an export's name holds no dot.
  const std::size_t colon = name.find(':');
  std::string slashed(name);
  std::replace(slashed.begin(),
               slashed.begin() + static_cast<std::ptrdiff_t>(std::min(colon, name.size())), '.',
               '/');
  const auto found = functions.find(slashed);
  return found == functions.end() ? nullptr : &found->second;
}

Result<BundlePtr> load_bundle(BundleSource source) {
  MS_TRY(const std::string json, Machine(RuntimeLimits()).describe(source));
  JsonLimits limits;
  limits.bytes_max = std::size_t{64} * 1024 * 1024;  // of our own making, from a bounded heap
  MS_TRY(const Value description, parse_json(json, limits));
  auto bundle = std::make_shared<Bundle>();
  MS_TRY_STATUS(read_description(description, *bundle));
  bundle->hash = fmt::format("{:016x}", stable_hash(source.code));
  bundle->source = std::move(source);
  return BundlePtr(std::move(bundle));
}

}  // namespace moonstone::runtime
