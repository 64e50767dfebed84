// Moonstone. Licence: see LICENSE.
#include "runtime/bundle.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "runtime/bundle_file.h"
#include "runtime/internal/machine.h"
#include "runtime/model_host.h"
#include "schema/lite/catalog.h"

namespace moonstone::runtime {
namespace {

/// Descriptions are of our own making, from a bounded heap.
constexpr std::size_t kDescriptionBytesMax = std::size_t{64} * 1024 * 1024;

std::string text_member(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

/// The list of that name, or an empty one.
const Array& list_in(const Object& object, std::string_view name) {
  static const Array kNone;
  const Value* const member = object.find(name);
  return member != nullptr && member->is_array() ? member->as_array() : kNone;
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

Result<jobs::CronDefinition> read_cron(const Object& described) {
  jobs::CronDefinition cron;
  cron.name = text_member(described, "name");
  cron.function = text_member(described, "fnName");
  cron.schedule.expression = text_member(described, "expression");
  const Value* const interval = described.find("ms");
  if (interval != nullptr && (interval->is_number() || interval->is_integer())) {
    constexpr double kGreat = 1e15;  // beyond what check_cron allows
    const double ms = std::ceil(std::clamp(interval->to_double(), 0.0, kGreat));
    cron.schedule.interval_ms = static_cast<std::int64_t>(ms);
  }
  if (const Value* const args = described.find("args")) cron.args_json = to_json(*args);
  MS_TRY_STATUS(jobs::check_cron(cron));
  return cron;
}

Status read_crons(const Array& lists, Bundle& bundle) {
  const Object* first = nullptr;
  for (const Value& list : lists) {
    const Object& described = list.as_object();
    if (first != nullptr) {
      return Error(ErrorCode::InvalidArgument,
                   fmt::format("\"{}\" and \"{}\" both export cron jobs; move them into one file",
                               text_member(*first, "module"), text_member(described, "module")));
    }
    first = &described;
    for (const Value& job : list_in(described, "jobs")) {
      MS_TRY(jobs::CronDefinition cron, read_cron(job.as_object()));
      bundle.crons.push_back(std::move(cron));
    }
  }
  return {};
}

/// SchemaJSON of schema.ts, or `{ lite: .. }` with the tree of a `.lite` file.
Status read_schema(const Value& json, Bundle& bundle) {
  const Value* const lite = json.is_object() ? json.as_object().find("lite") : nullptr;
  if (lite == nullptr) {
    MS_TRY(bundle.schema, schema::parse_schema_json(json));
    return {};
  }
  MS_TRY(schema::CatalogPtr catalog, lite::load_catalog(*lite));
  bundle.orm = orm::Orm::make(catalog, {.host = &model_host()});
  MS_TRY(bundle.schema, schema::make_schema(std::move(catalog)));
  return {};
}

/// After the functions of both halves are known: listeners name them.
Status read_models(const Value& description, Bundle& bundle) {
  const Array& lists = list_in(description.as_object(), "models");
  if (lists.empty()) return {};
  if (lists.size() > 1) {
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("\"{}\" and \"{}\" both export defineModels; move it into one file",
                             text_member(lists[0].as_object(), "module"),
                             text_member(lists[1].as_object(), "module")));
  }
  const auto can_be_scheduled = [&bundle](const std::string& name) {
    const Function* const function = bundle.find(name);
    return function != nullptr && function->kind != FunctionKind::Query;
  };
  const schema::Catalog* const catalog =
      bundle.orm == nullptr ? nullptr : bundle.orm->catalog().get();
  MS_TRY(bundle.model_functions,
         read_model_functions(lists.front().as_object(), catalog, can_be_scheduled));
  return {};
}

Status read_description(const Value& description, Bundle& bundle) {
  if (!description.is_object()) return Error(ErrorCode::Internal, "the bundle is not described");
  if (const Value* const schema = description.as_object().find("schema")) {
    MS_TRY_STATUS(read_schema(*schema, bundle));
  }
  MS_TRY_STATUS(read_crons(list_in(description.as_object(), "crons"), bundle));
  for (const Value& described : list_in(description.as_object(), "functions")) {
    MS_TRY(Function function, read_function(described.as_object()));
    std::string name = function.name;
    bundle.functions.emplace(std::move(name), std::move(function));
  }
  for (const Value& module : list_in(description.as_object(), "routers")) {
    if (module.is_text()) bundle.router_modules.push_back(module.as_text());
  }
  return {};
}

Error not_an_action(const Function& function) {
  return {ErrorCode::InvalidArgument,
          fmt::format("{} is a {} in a file marked \"use node\". Such files hold actions only, "
                      "since queries and mutations run inside the database: move it to another "
                      "file",
                      function.name, function.kind == FunctionKind::Query ? "query" : "mutation"),
          "build"};
}

/// Adds the routes of one list of a router.
void read_routes(const Object& router, HttpRoute::Match match, Bundle& bundle) {
  const bool is_prefix = match == HttpRoute::Match::Prefix;
  std::size_t index = 0;
  for (const Value& route : list_in(router, is_prefix ? "prefixRoutes" : "routes")) {
    if (!route.is_object()) continue;
    bundle.routes.push_back({.method = text_member(route.as_object(), "method"),
                             .path = text_member(route.as_object(), "path"),
                             .match = match,
                             .index = index++});
  }
}

Status read_node_manifest(const std::string& text, Bundle& bundle) {
  JsonLimits limits;
  limits.bytes_max = kDescriptionBytesMax;
  MS_TRY(const Value manifest, parse_json(text, limits));
  if (!manifest.is_object()) {
    return Error(ErrorCode::InvalidArgument, "the manifest of the Node half is not an object");
  }
  const Object& object = manifest.as_object();
  for (const Value& described : list_in(object, "functions")) {
    if (!described.is_object()) continue;
    MS_TRY(Function function, read_function(described.as_object()));
    if (function.kind != FunctionKind::Action) return not_an_action(function);
    std::string name = function.name;
    bundle.functions.emplace(std::move(name), std::move(function));
  }
  const Array& routers = list_in(object, "routers");
  if (!routers.empty() && routers.front().is_object()) {
    const Object& router = routers.front().as_object();
    bundle.router = text_member(router, "module");
    read_routes(router, HttpRoute::Match::Exact, bundle);
    read_routes(router, HttpRoute::Match::Prefix, bundle);
  }
  const Value* const gate = object.find("gate");
  bundle.has_gate = gate != nullptr && *gate == Value(true);
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

const HttpRoute* Bundle::find_route(std::string_view method, std::string_view path) const {
  const auto found = std::ranges::find_if(routes, [&](const HttpRoute& route) {
    const bool matches =
        route.match == HttpRoute::Match::Exact ? path == route.path : path.starts_with(route.path);
    return matches && route.method == method;
  });
  return found == routes.end() ? nullptr : &*found;
}

Result<BundlePtr> load_bundle(BundleSource source) {
  MS_TRY(const std::string json, Machine(RuntimeLimits()).describe(source));
  JsonLimits limits;
  limits.bytes_max = kDescriptionBytesMax;
  MS_TRY(const Value description, parse_json(json, limits));
  auto bundle = std::make_shared<Bundle>();
  MS_TRY_STATUS(read_description(description, *bundle));
  if (!source.node_manifest.empty()) {
    MS_TRY_STATUS(read_node_manifest(source.node_manifest, *bundle));
  }
  MS_TRY_STATUS(read_models(description, *bundle));
  bundle->hash = content_hash(source);
  bundle->source = std::move(source);
  return BundlePtr(std::move(bundle));
}

}  // namespace moonstone::runtime
