// Moonstone. Licence: see LICENSE.
#pragma once
// Schema: tables, fields and indexes; the one model that every front end produces.
//
// A Schema is built once by a front end (parse_schema_json for TypeScript projects), checked, given
// stable ids by the store that keeps its data, and never changed afterwards.
// Invariants: names are unique ignoring case within their scope; index fields exist; a field's id
// is unique in its table for the life of the database, also across schema changes.
// Threads: immutable after building; shared by shared_ptr<const Schema>.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "schema/catalog.h"
#include "schema/type.h"

namespace moonstone::schema {

/// Stable through schema changes; assigned by `assign_ids`; 0 = not assigned yet.
struct FieldId {
  std::uint32_t value = 0;
  friend auto operator<=>(const FieldId&, const FieldId&) = default;
};

struct Field {
  std::string name;
  TypePtr type;
  FieldId id;
};

struct Index {
  std::string name;
  std::vector<std::string> fields;
  friend bool operator==(const Index&, const Index&) = default;
};

/// Full-text search on one field. Values that are no texts are not found.
struct SearchIndex {
  std::string name;
  std::string field;
  friend bool operator==(const SearchIndex&, const SearchIndex&) = default;
};

/// The names that every document has and no schema may declare.
inline constexpr std::string_view kIdField = "_id";
inline constexpr std::string_view kCreationTimeField = "_creationTime";

/// Whose a table is. Tables of the system carry names with a leading underscore, which no project
/// may use; projects neither see nor declare them.
enum class TableOwner : unsigned char { User, System };

struct Table {
  std::string name;
  std::vector<Field> fields;
  std::vector<Index> indexes;  // as declared; by_id and by_creation_time are implied
  std::vector<SearchIndex> search_indexes;
  std::uint32_t next_field_id = 1;
  TableOwner owner = TableOwner::User;
  /// The model that the table belongs to: then it is an ordinary SQL table with a key of its own
  /// (schema/catalog.h), and `fields` are the stored fields of the model. Null: documents.
  std::shared_ptr<const Model> model{};

  /// Position in `fields`, or nothing. Cost: O(fields).
  [[nodiscard]] std::optional<std::size_t> find_field(std::string_view field) const;
  /// A declared index or one of the two implied ones; null if there is none.
  [[nodiscard]] const Index* find_index(std::string_view index) const;
};

class Schema {
 public:
  std::vector<Table> tables;
  /// Of a schema that was declared as models; null else. Owns the models of `tables`.
  CatalogPtr catalog{};

  /// Finds tables of any owner.
  [[nodiscard]] const Table* find_table(std::string_view name) const;
  /// Finds the tables of projects only.
  [[nodiscard]] const Table* find_user_table(std::string_view name) const;
  /// The error text of functions.md section 5.2: unknown table with the list of the project's.
  [[nodiscard]] Error unknown_table(std::string_view name) const;
};

using SchemaPtr = std::shared_ptr<const Schema>;

/// Reads SchemaJSON (functions.md section 3.4) and checks it: names, duplicates, index fields,
/// reserved names, limits (200 tables, 1000 fields, 32 indexes per table, 16 fields per index).
/// Errors: InvalidArgument naming table, field or index; LimitExceeded.
[[nodiscard]] Result<Schema> parse_schema_json(const Value& schema_json);
/// Builds a table of the system from its declaration in SchemaJSON. Its name begins with `_`.
/// Errors: as parse_schema_json.
[[nodiscard]] Result<Table> parse_system_table(std::string name, const Value& table_json);
/// A schema with one table for each model and join table of the catalog. Views and external models
/// have tables, too. Errors: InvalidArgument (a name that no table may have), LimitExceeded.
[[nodiscard]] Result<Schema> make_schema(CatalogPtr catalog);
/// The SchemaJSON, by_id included as the seed lists it; without tables of the system.
[[nodiscard]] Value schema_to_json(const Schema& schema);

/// The member of the persisted form that holds Catalog::source.
inline constexpr std::string_view kStoredCatalog = "lite";
/// The persisted form: SchemaJSON plus field ids and owners, and back. Tables of models are not in
/// it, only the source of their catalog; they are not read back here.
[[nodiscard]] Value schema_to_stored_json(const Schema& schema);
[[nodiscard]] Result<Schema> parse_stored_schema_json(const Value& stored);

/// Gives each field of `next` the id it has in `previous`, or a fresh one, never a used one.
void assign_ids(Schema& next, const Schema& previous);

}  // namespace moonstone::schema
