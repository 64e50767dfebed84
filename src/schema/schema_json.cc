// Moonstone. Licence: see LICENSE.
// SchemaJSON and the stored form, which is SchemaJSON with additions per table:
//   {"tables":{T:{"fields":{F:V},"indexes":[{"name":I,"fields":[F]}],
//                 "searchIndexes":[{"name":I,"searchField":F}],
//                 "fieldIds":{F:number},"nextFieldId":number,"owner":"system"}}}
// `owner` is absent from the tables of projects.

#include <algorithm>
#include <limits>
#include <map>

#include "schema/names.h"
#include "schema/schema.h"

namespace moonstone::schema {
namespace {

/// Bounds of one schema. They keep DDL, diffs and the O(fields) look-ups small.
constexpr std::size_t kTablesMax = 200;
constexpr std::size_t kFieldsMax = 1000;  // SQLite allows 2000 columns
constexpr std::size_t kIndexesMax = 32;   // each costs a write per changed row; also search indexes
constexpr std::size_t kIndexFieldsMax = 16;

Error bad(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message)};
}

std::string in_quotes(std::string_view name) {
  return "\"" + std::string(name) + "\"";
}

Status check_count(const std::string& place,
                   std::string_view what,
                   std::size_t count,
                   std::size_t max) {
  if (count <= max) return ok();
  return Error(ErrorCode::LimitExceeded, place + " has " + std::to_string(count) + " " +
                                             std::string(what) + "; at most " +
                                             std::to_string(max) + " are allowed");
}

/// Refuses names that differ only in case: SQLite takes them as one.
class NameSet {
 public:
  explicit NameSet(std::string what) : what_(std::move(what)) {}

  Status add(const std::string& name) {
    const auto [position, is_new] = names_.emplace(fold_case(name), name);
    if (is_new) return ok();
    if (position->second == name) return bad(what_ + " " + in_quotes(name) + " is declared twice");
    return bad(what_ + " " + in_quotes(name) + " differs from " + in_quotes(position->second) +
               " only in upper and lower case, which SQLite ignores in names; rename one of them");
  }

 private:
  std::string what_;
  std::map<std::string, std::string> names_;  // folded name to name
};

/// The array member `name`; an empty one if it is absent.
Result<Array> array_member(const Object& object, std::string_view name, const std::string& place) {
  const Value* value = object.find(name);
  if (value == nullptr) return Array{};
  if (!value->is_array()) return bad(place + ": " + in_quotes(name) + " must be an array");
  return value->as_array();
}

Result<std::string> text_member(const Value& value,
                                std::string_view name,
                                const std::string& place) {
  const Value* member = value.is_object() ? value.as_object().find(name) : nullptr;
  if (member == nullptr || !member->is_text()) {
    return bad(place + " must be an object with the text member " + in_quotes(name));
  }
  return member->as_text();
}

class TableParser {
 public:
  TableParser(std::string name, TableOwner owner) : place_("table " + in_quotes(name)) {
    table_.name = std::move(name);
    table_.owner = owner;
  }

  Result<Table> parse(const Value& json) {
    const std::string problem = table_.owner == TableOwner::User
                                    ? problem_with_table_name(table_.name)
                                    : problem_with_system_table_name(table_.name);
    if (!problem.empty()) return bad(place_ + ": the name " + problem);
    if (!json.is_object()) return bad(place_ + " must be an object");
    MS_TRY_STATUS(parse_fields(json.as_object()));
    MS_TRY_STATUS(parse_indexes(json.as_object()));
    MS_TRY_STATUS(parse_search_indexes(json.as_object()));
    return std::move(table_);
  }

 private:
  Status parse_fields(const Object& json) {
    const Value* fields = json.find("fields");
    if (fields == nullptr || !fields->is_object()) {
      return bad(place_ + " must have an object of validators as \"fields\"");
    }
    MS_TRY_STATUS(check_count(place_, "fields", fields->as_object().size(), kFieldsMax));
    NameSet names(place_ + ": field");
    for (const Member& member : fields->as_object()) {
      const std::string place = place_ + ", field " + in_quotes(member.name);
      if (std::string problem = problem_with_field_name(member.name); !problem.empty()) {
        return bad(place + ": the name " + problem);
      }
      MS_TRY_STATUS(names.add(member.name));
      auto type = parse_type(member.value);
      if (!type) return std::move(type).error().with_context(place);
      table_.fields.push_back({.name = member.name, .type = *std::move(type), .id = {}});
    }
    return ok();
  }

  Status parse_indexes(const Object& json) {
    MS_TRY(const Array indexes, array_member(json, "indexes", place_));
    NameSet names(place_ + ": index");
    for (const Value& index_json : indexes) {
      MS_TRY(Index index, parse_index(index_json));
      MS_TRY_STATUS(names.add(index.name));
      // Declaring an implied index as it is anyway changes nothing.
      if (!is_implied(index.name)) table_.indexes.push_back(std::move(index));
    }
    return check_count(place_, "indexes", table_.indexes.size(), kIndexesMax);
  }

  static bool is_implied(std::string_view name) { return Table{}.find_index(name) != nullptr; }

  Result<Index> parse_index(const Value& json) {
    MS_TRY(std::string name, text_member(json, "name", place_ + ": an index"));
    const std::string place = place_ + ", index " + in_quotes(name);
    if (std::string problem = problem_with_member_name(name); !problem.empty()) {
      return bad(place + ": the name " + problem);
    }
    MS_TRY(const Array fields, array_member(json.as_object(), "fields", place));
    if (fields.empty()) return bad(place + " has no fields");
    MS_TRY_STATUS(check_count(place, "fields", fields.size(), kIndexFieldsMax));
    Index index{.name = std::move(name), .fields = {}};
    for (const Value& field : fields) {
      if (!field.is_text()) return bad(place + ": its fields must be texts");
      index.fields.push_back(field.as_text());
    }
    if (const Index* implied = Table{}.find_index(index.name)) {
      if (*implied == index) return index;
      return bad(place + ": the name is reserved for the index on " +
                 in_quotes(implied->fields.front()) + "; choose another");
    }
    MS_TRY_STATUS(check_index_fields(index, place));
    return index;
  }

  Status check_index_fields(const Index& index, const std::string& place) const {
    for (auto field = index.fields.begin(); field != index.fields.end(); ++field) {
      if (std::find(index.fields.begin(), field, *field) != field) {
        return bad(place + " has the field " + in_quotes(*field) + " twice");
      }
      if (*field == kIdField) {
        return bad(place + ": leave \"_id\" out, it is the last key of every index");
      }
      if (*field != kCreationTimeField) MS_TRY_STATUS(check_field_exists(*field, place));
    }
    return ok();
  }

  Status check_field_exists(const std::string& field, const std::string& place) const {
    if (table_.find_field(field)) return ok();
    if (field.find('.') != std::string::npos) {
      return bad(place + ": " + in_quotes(field) +
                 " is a path into a field; only whole fields can be indexed");
    }
    return bad(place + ": the table has no field " + in_quotes(field));
  }

  Status parse_search_indexes(const Object& json) {
    MS_TRY(const Array indexes, array_member(json, "searchIndexes", place_));
    MS_TRY_STATUS(check_count(place_, "search indexes", indexes.size(), kIndexesMax));
    NameSet names(place_ + ": search index");
    for (const Value& index_json : indexes) {
      MS_TRY(std::string name, text_member(index_json, "name", place_ + ": a search index"));
      const std::string place = place_ + ", search index " + in_quotes(name);
      if (std::string problem = problem_with_member_name(name); !problem.empty()) {
        return bad(place + ": the name " + problem);
      }
      MS_TRY_STATUS(names.add(name));
      MS_TRY(std::string field, text_member(index_json, "searchField", place));
      MS_TRY_STATUS(check_field_exists(field, place));
      table_.search_indexes.push_back({.name = std::move(name), .field = std::move(field)});
    }
    return ok();
  }

  std::string place_;
  Table table_;
};

Value table_to_json(const Table& table) {
  Object fields;
  for (const Field& field : table.fields)
    fields.append(field.name, type_to_json(*field.type));
  Array indexes;
  const auto add_index = [&indexes](const Index& index) {
    Array names;
    for (const std::string& name : index.fields)
      names.emplace_back(name);
    indexes.emplace_back(Object{{"name", index.name}, {"fields", std::move(names)}});
  };
  for (const Index& index : table.indexes)
    add_index(index);
  add_index(*table.find_index("by_id"));
  Object json{{"fields", std::move(fields)}, {"indexes", std::move(indexes)}};
  if (!table.search_indexes.empty()) {
    Array search_indexes;
    for (const SearchIndex& index : table.search_indexes) {
      search_indexes.emplace_back(Object{{"name", index.name}, {"searchField", index.field}});
    }
    json.append("searchIndexes", std::move(search_indexes));
  }
  return json;
}

/// A field id of a stored schema: 1 .. 2^32-1.
Result<std::uint32_t> parse_field_id(const Value* json, const std::string& place) {
  constexpr std::int64_t kMax = std::numeric_limits<std::uint32_t>::max();
  if (json == nullptr || !json->is_integer() || json->as_integer() < 1 ||
      json->as_integer() > kMax) {
    return bad(place + " has no valid field id in the stored schema");
  }
  return static_cast<std::uint32_t>(json->as_integer());
}

Status read_field_ids(const Object& json, Table& table) {
  const std::string place = "table " + in_quotes(table.name);
  MS_TRY(table.next_field_id, parse_field_id(json.find("nextFieldId"), place));
  const Value* ids = json.find("fieldIds");
  if (ids == nullptr || !ids->is_object()) return bad(place + " has no \"fieldIds\"");
  std::map<std::uint32_t, std::string> used;
  for (Field& field : table.fields) {
    const std::string field_place = place + ", field " + in_quotes(field.name);
    MS_TRY(field.id.value, parse_field_id(ids->as_object().find(field.name), field_place));
    if (field.id.value >= table.next_field_id || !used.emplace(field.id.value, field.name).second) {
      return bad(field_place + " has a field id that is not its own in the stored schema");
    }
  }
  return ok();
}

Result<const Object*> tables_of(const Value& schema_json) {
  const Value* tables = schema_json.is_object() ? schema_json.as_object().find("tables") : nullptr;
  if (tables != nullptr && tables->is_object()) return &tables->as_object();
  return bad("a schema must be an object with an object of tables as \"tables\"");
}

/// `owner_of` says whose a table is, given its JSON.
template <class OwnerOf>
Result<Schema> parse_tables(const Object& tables, OwnerOf owner_of) {
  Schema schema;
  NameSet names("table");
  for (const Member& member : tables) {
    MS_TRY(Table table, TableParser(member.name, owner_of(member.value)).parse(member.value));
    MS_TRY_STATUS(names.add(table.name));
    schema.tables.push_back(std::move(table));
  }
  return schema;
}

bool may_hold_text(const Type& type) {
  switch (type.kind()) {
    case TypeKind::String:
    case TypeKind::Id:
    case TypeKind::Any:
      return true;
    case TypeKind::Literal:
      return type.literal_value().is_text();
    case TypeKind::Union:
    case TypeKind::Optional:
      return std::ranges::any_of(type.children(),
                                 [](const TypePtr& child) { return may_hold_text(*child); });
    default:
      return false;
  }
}

/// Not asked of stored schemas: older versions took any field.
Status check_search_fields(const Schema& schema) {
  for (const Table& table : schema.tables) {
    for (const SearchIndex& index : table.search_indexes) {
      const Field& field = table.fields[*table.find_field(index.field)];
      if (may_hold_text(*field.type)) continue;
      return bad("table " + in_quotes(table.name) + ", search index " + in_quotes(index.name) +
                 ": the field " + in_quotes(index.field) +
                 " never holds a text; only v.string(), alone or inside v.optional() and "
                 "v.union(), can be searched");
    }
  }
  return ok();
}

TableOwner stored_owner(const Value& table_json) {
  const Value* owner = table_json.is_object() ? table_json.as_object().find("owner") : nullptr;
  const bool is_system = owner != nullptr && *owner == Value("system");
  return is_system ? TableOwner::System : TableOwner::User;
}

}  // namespace

Result<Schema> parse_schema_json(const Value& schema_json) {
  MS_TRY(const Object* const tables, tables_of(schema_json));
  MS_TRY_STATUS(check_count("the schema", "tables", tables->size(), kTablesMax));
  MS_TRY(Schema schema, parse_tables(*tables, [](const Value&) { return TableOwner::User; }));
  MS_TRY_STATUS(check_search_fields(schema));
  return schema;
}

Result<Table> parse_system_table(std::string name, const Value& table_json) {
  return TableParser(std::move(name), TableOwner::System).parse(table_json);
}

Value schema_to_json(const Schema& schema) {
  Object tables;
  for (const Table& table : schema.tables) {
    if (table.owner == TableOwner::User) tables.append(table.name, table_to_json(table));
  }
  return Object{{"tables", std::move(tables)}};
}

Value schema_to_stored_json(const Schema& schema) {
  Object tables;
  for (const Table& table : schema.tables) {
    if (table.model != nullptr) continue;
    Value json = table_to_json(table);
    Object ids;
    for (const Field& field : table.fields) {
      ids.append(field.name, static_cast<std::int64_t>(field.id.value));
    }
    json.as_object().append("fieldIds", std::move(ids));
    json.as_object().append("nextFieldId", static_cast<std::int64_t>(table.next_field_id));
    if (table.owner == TableOwner::System) json.as_object().append("owner", "system");
    tables.append(table.name, std::move(json));
  }
  Object stored{{"tables", std::move(tables)}};
  if (schema.catalog != nullptr) stored.append(std::string(kStoredCatalog), schema.catalog->source);
  return stored;
}

Result<Schema> parse_stored_schema_json(const Value& stored) {
  MS_TRY(const Object* const tables, tables_of(stored));
  MS_TRY(Schema schema, parse_tables(*tables, stored_owner));
  for (Table& table : schema.tables) {
    MS_TRY_STATUS(read_field_ids(tables->find(table.name)->as_object(), table));
  }
  return schema;
}

}  // namespace moonstone::schema
