// Moonstone. Licence: see LICENSE.
#include "orm/orm.h"

#include <array>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "orm/internal/core.h"
#include "orm/internal/errors.h"
#include "orm/internal/read_hooks.h"
#include "orm/internal/shape.h"

namespace moonstone::orm {
namespace {

std::string accessor_list(const Core& core) {
  std::vector<std::string_view> accessors;
  for (const auto& [accessor, model] : core.models)
    accessors.push_back(accessor);
  return fmt::format("{}", fmt::join(accessors, ", "));
}

/// What views can do (litestone.md 10.1).
bool is_method_of_views(Method method) {
  switch (method) {
    case Method::FindMany:
    case Method::FindFirst:
    case Method::FindFirstOrThrow:
    case Method::FindUnique:
    case Method::FindUniqueOrThrow:
    case Method::FindManyCursor:
    case Method::Count:
      return true;
    default:
      return false;
  }
}

class OrmImpl final : public Orm {
 public:
  OrmImpl(schema::CatalogPtr catalog, OrmOptions options)
      : core_(make_core(std::move(catalog), options)) {}

  [[nodiscard]] const schema::CatalogPtr& catalog() const override { return core_->catalog; }

  [[nodiscard]] std::optional<bool> is_read(std::string_view method) const override {
    const auto found = find_method(method);
    if (!found) return std::nullopt;
    return orm::is_read(*found);
  }

  [[nodiscard]] PlanCounts cached_plans() const override {
    return {.reads = core_->plans.size(), .writes = core_->write_plans.size()};
  }

  Result<Outcome> read(engine::DocumentReader& reader,
                       const Caller& caller,
                       const Call& call) override {
    MS_TRY(const ModelCall resolved, resolve(caller, call));
    if (!orm::is_read(resolved.method)) {
      return bad_argument(fmt::format("{}.{}() writes, and this call may only read",
                                      resolved.model.accessor, call.method));
    }
    return read_with_host(*core_, reader, resolved);
  }

  Result<Outcome> write(engine::Transaction& transaction,
                        const Caller& caller,
                        const Call& call,
                        Effects& effects) override {
    MS_TRY(const ModelCall resolved, resolve(caller, call));
    if (orm::is_read(resolved.method)) return read_with_host(*core_, transaction, resolved);
    return run_write(*core_, transaction, resolved, effects);
  }

  Result<std::vector<std::pair<std::string, Outcome>>> query(engine::DocumentReader& reader,
                                                             const Caller& caller,
                                                             const Value& spec) override {
    if (!spec.is_object()) {
      return bad_argument("db.query: spec must be an object of { name: queryArgs, ... }");
    }
    std::vector<std::pair<std::string, Outcome>> outcomes;
    for (const auto& [name, given] : spec.as_object()) {
      MS_TRY(Outcome outcome, query_entry(reader, caller, name, given));
      outcomes.emplace_back(name, std::move(outcome));
    }
    return outcomes;
  }

 private:
  Result<ModelCall> resolve(const Caller& caller, const Call& call) const {
    const auto model = core_->models.find(call.model);
    if (model == core_->models.end()) {
      return bad_argument(fmt::format("\"{}\" is not a table in this schema. Tables: {}",
                                      call.model, accessor_list(*core_)));
    }
    const auto method = find_method(call.method);
    if (!method) {
      return bad_argument(fmt::format("{}.{}() is no method of models", call.model, call.method));
    }
    if (model->second->is_view && !is_method_of_views(*method)) {
      return bad_argument(
          fmt::format("\"{}\" is a view — write operations are not supported", call.model));
    }
    return ModelCall{.model = *model->second,
                     .method = *method,
                     .caller = caller,
                     .arguments = call.arguments.get()};
  }

  Result<Outcome> query_entry(engine::DocumentReader& reader,
                              const Caller& caller,
                              const std::string& name,
                              const Value& given) {
    Object arguments;
    if (given.is_object()) arguments = given.as_object();
    const Value* const named = arguments.find("model");
    const std::string accessor = named != nullptr && named->is_text() ? named->as_text() : name;
    arguments.erase("model");
    const auto model = core_->models.find(accessor);
    if (model == core_->models.end()) {
      return bad_argument(fmt::format("db.query: '{}' is not a model accessor. Available: {}",
                                      accessor, accessor_list(*core_)));
    }
    const Value options(std::move(arguments));
    return read_with_host(
        *core_, reader,
        {.model = *model->second, .method = Method::Query, .caller = caller, .arguments = options});
  }

  std::unique_ptr<const Core> core_;
};

}  // namespace

std::unique_ptr<Core> make_core(schema::CatalogPtr catalog, OrmOptions options) {
  auto core = std::make_unique<Core>();
  core->catalog = std::move(catalog);
  core->options = options;
  for (const schema::Model& model : core->catalog->models) {
    if (!model.is_join_table) core->models.emplace(model.accessor, &model);
  }
  core->rules = std::make_shared<const RuleBook>(*core->catalog);
  return core;
}

std::unique_ptr<Orm> Orm::make(schema::CatalogPtr catalog, OrmOptions options) {
  return std::make_unique<OrmImpl>(std::move(catalog), options);
}

}  // namespace moonstone::orm
