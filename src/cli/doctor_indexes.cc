// Moonstone. Licence: see LICENSE.
#include "cli/doctor_indexes.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "query/query.h"

namespace moonstone::cli {
namespace {

bool has_index_on(const schema::Table& table, const std::string& field) {
  return std::ranges::any_of(table.indexes, [&](const schema::Index& index) {
    return !index.fields.empty() && index.fields.front() == field;
  });
}

std::vector<const schema::Field*> bare_references(const schema::Table& table) {
  std::vector<const schema::Field*> found;
  for (const schema::Field& field : table.fields) {
    const bool is_reference = field.type->required().kind() == schema::TypeKind::Id;
    if (is_reference && !has_index_on(table, field.name)) found.push_back(&field);
  }
  return found;
}

}  // namespace

Result<std::vector<MissingIndex>> references_without_index(const schema::Schema& schema,
                                                           engine::Database& database) {
  MS_TRY(const auto session, database.new_reader());
  MS_TRY_STATUS(session->begin());
  std::vector<MissingIndex> missing;
  for (const schema::Table& table : schema.tables) {
    const auto references = bare_references(table);
    const bool is_stored = session->source().schema()->find_user_table(table.name) != nullptr;
    if (references.empty() || !is_stored) continue;
    query::Query all;
    all.table = table.name;
    store::ReadBudget budget;
    MS_TRY(const std::uint64_t documents, session->source().count(all, budget));
    if (documents <= kDocumentsWithoutIndexMax) continue;
    for (const schema::Field* field : references) {
      missing.push_back({.table = table.name,
                         .fields = {field->name},
                         .why = fmt::format("refers to \"{}\", no index begins with it, and there "
                                            "are {} documents",
                                            field->type->required().table(), documents)});
    }
  }
  session->end();
  return missing;
}

std::string declaration_of(const MissingIndex& index) {
  return fmt::format(R"(add .index("by_{}", ["{}"]) to {} in schema.ts, and read with it)",
                     fmt::join(index.fields, "_"), fmt::join(index.fields, R"(", ")"), index.table);
}

}  // namespace moonstone::cli
