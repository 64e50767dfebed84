// Moonstone. Licence: see LICENSE.
#pragma once
// What one Orm has, and the two ways in: reads and writes of one model.
// Threads: synchronised.

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "orm/internal/method.h"
#include "orm/internal/model_rules.h"
#include "orm/internal/plan_cache.h"
#include "orm/orm.h"
#include "schema/catalog.h"

namespace moonstone::orm {

struct Core {
  schema::CatalogPtr catalog;
  OrmOptions options;
  /// By accessor; without join tables.
  std::map<std::string, const schema::Model*, std::less<>> models{};
  mutable PlanCache plans{};  // of reads
  mutable PlanCache write_plans{};
  /// What fields take, of the models of the catalog.
  std::shared_ptr<const RuleBook> rules{};
};

/// A core for the catalog. Cost: compiles the patterns of the schema.
[[nodiscard]] std::unique_ptr<Core> make_core(schema::CatalogPtr catalog, OrmOptions options);

/// A call whose model and method are known. Lifetime: the arguments outlive it.
struct ModelCall {
  const schema::Model& model;
  Method method;
  const Caller& caller;
  const Value& arguments;
};

[[nodiscard]] Result<Outcome> run_read(const Core& core,
                                       engine::DocumentReader& reader,
                                       const ModelCall& call);
[[nodiscard]] Result<Outcome> run_write(const Core& core,
                                        engine::Transaction& transaction,
                                        const ModelCall& call,
                                        Effects& effects);

}  // namespace moonstone::orm
