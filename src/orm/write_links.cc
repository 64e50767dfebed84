// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_links.h"

#include <array>
#include <utility>

#include "base/check.h"
#include "orm/internal/write_rows.h"

namespace moonstone::orm {

Links::Links(WriteCall& call, const schema::Relation& relation, Value key)
    : call_(call),
      relation_(relation),
      key_(std::move(key)),
      table_(call.core.catalog->find_table(relation.join_table)) {
  MS_CHECK(table_ != nullptr, "a many-to-many relation has a join table");
}

Status Links::add(const Value& target_key) {
  const ModelRules& rules = call_.rules_of(*table_);
  const std::array<FieldValue, 2> values = {
      FieldValue{.rule = rules.find(relation_.join_own), .value = key_},
      FieldValue{.rule = rules.find(relation_.join_target), .value = target_key}};
  const Conflict conflict{.target = {relation_.join_own, relation_.join_target}};
  MS_TRY_STATUS(insert_row(call_, rules, values, conflict, Returning::Nothing));
  return {};
}

Status Links::remove(const Value& target_key) {
  const Target target{.model = *table_,
                      .matches = {{.field = relation_.join_own, .value = key_},
                                  {.field = relation_.join_target, .value = target_key}}};
  MS_TRY_STATUS(delete_rows(call_, target, Returning::Nothing));
  return {};
}

Status Links::remove_all() {
  const Target target{.model = *table_, .matches = {{.field = relation_.join_own, .value = key_}}};
  MS_TRY_STATUS(delete_rows(call_, target, Returning::Nothing));
  return {};
}

}  // namespace moonstone::orm
