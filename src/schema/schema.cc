// Moonstone. Licence: see LICENSE.
#include "schema/schema.h"

#include <algorithm>
#include <array>

namespace moonstone::schema {
namespace {

/// The indexes that every table has without declaring them.
const std::array<Index, 2>& implied_indexes() {
  static const std::array<Index, 2> kImplied{
      Index{.name = "by_id", .fields = {std::string(kIdField)}},
      Index{.name = "by_creation_time", .fields = {std::string(kCreationTimeField)}}};
  return kImplied;
}

}  // namespace

std::optional<std::size_t> Table::find_field(std::string_view field) const {
  const auto found = std::ranges::find(fields, field, &Field::name);
  if (found == fields.end()) return std::nullopt;
  return static_cast<std::size_t>(found - fields.begin());
}

const Index* Table::find_index(std::string_view index) const {
  if (const auto found = std::ranges::find(indexes, index, &Index::name); found != indexes.end()) {
    return &*found;
  }
  const auto implied = std::ranges::find(implied_indexes(), index, &Index::name);
  return implied == implied_indexes().end() ? nullptr : &*implied;
}

const Table* Schema::find_table(std::string_view name) const {
  const auto found = std::ranges::find(tables, name, &Table::name);
  return found == tables.end() ? nullptr : &*found;
}

const Table* Schema::find_user_table(std::string_view name) const {
  const Table* const found = find_table(name);
  return found != nullptr && found->owner == TableOwner::User ? found : nullptr;
}

Error Schema::unknown_table(std::string_view name) const {
  std::string message = "Table \"";
  message.append(name).append("\" is not defined in your schema. Available tables: ");
  std::string_view separator;
  for (const Table& table : tables) {
    if (table.owner != TableOwner::User) continue;
    message.append(separator).append(table.name);
    separator = ", ";
  }
  return {ErrorCode::NotFound, std::move(message)};
}

void assign_ids(Schema& next, const Schema& previous) {
  for (Table& table : next.tables) {
    const Table* old = previous.find_table(table.name);
    table.next_field_id = old == nullptr ? 1 : old->next_field_id;
    for (Field& field : table.fields) {
      const auto position = old == nullptr ? std::nullopt : old->find_field(field.name);
      field.id = position ? old->fields[*position].id : FieldId{table.next_field_id++};
    }
  }
}

}  // namespace moonstone::schema
