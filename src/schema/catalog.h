// Moonstone. Licence: see LICENSE.
#pragma once
// Catalog: models with relations, as a `.lite` schema declares them; resolved, and free of syntax.
//
// A Model is an ordinary SQL table that its users name in their own terms: its key, its columns,
// its defaults, rules and relations. A Schema that has a catalog has one Table per model and per
// join table (make_schema), so that everything that knows tables (rows, changes, live queries)
// knows models too. Invariants: names refer to what exists; `target` of a relation is a position in
// Catalog::models; Table::fields are the stored fields of its model (ModelField::is_stored), in the
// same order. Threads: immutable after building; shared by shared_ptr<const Catalog>. Source:
// litestone.md 1, 3-7, 26, 28, 32.

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::schema {

/// What a column holds. A list is JSON text whatever its elements are.
enum class ScalarKind : unsigned char { Text, Integer, Real, Boolean, DateTime, Json, Bytes, File };

/// Where the value of a field comes from.
enum class FieldRole : unsigned char {
  Stored,     // a column that is written
  Generated,  // a column that SQLite computes
  Derived,    // a subquery over related rows (@from); no column
  Computed,   // the host's function; no column
};

struct FieldDefault {
  enum class Kind : unsigned char {
    None,
    Literal,  // also an enum's value
    Now,
    Uuid,
    Ulid,
    Cuid,
    Nanoid,
    Auth,   // a claim of the caller
    Field,  // the value of a sibling
  };
  Kind kind = Kind::None;
  Value literal;
  std::string name;  // Auth: the claim; Field: the sibling
};

enum class Transform : unsigned char { Trim, Lower, Upper, Slug };

struct Validator {
  enum class Kind : unsigned char {
    Email,
    Url,
    Phone,
    Date,
    DateTime,
    Regex,
    Length,
    StartsWith,
    EndsWith,
    Contains,
    Lt,
    Lte,
    Gt,
    Gte,
    MinItems,
    MaxItems,
    UniqueItems,
  };
  Kind kind;
  std::string text;                    // Regex: the pattern; StartsWith, EndsWith, Contains
  std::optional<double> low;           // Length: at least; Gt, Gte, MinItems
  std::optional<double> high;          // Length: at most; Lt, Lte, MaxItems
  std::optional<std::string> message;  // instead of the default one
};

/// A value that a subquery over related rows gives.
struct DerivedField {
  enum class Operation : unsigned char { Count, Exists, Sum, Max, Min, First, Last };
  std::size_t target = 0;  // in Catalog::models
  Operation operation = Operation::Count;
  bool exists_when = true;   // Exists: the value if there is such a row
  std::string field;         // Sum, Max, Min: of the target
  std::string where_sql;     // trusted text of the schema; empty: none
  std::string order_by;      // First, Last: a field of the target; empty: its key
  std::string target_field;  // of the target: refers to ..
  std::string own_field;     // .. this one here
};

/// Which results show a field (litestone.md 16). Kept for when field visibility arrives.
enum class Visibility : unsigned char { Always, OmitLists, OmitAll, GuardedLists, GuardedAll };

struct ModelField {
  std::string name;
  std::string column;  // the SQL name; empty if there is no column
  FieldRole role = FieldRole::Stored;
  ScalarKind scalar = ScalarKind::Text;
  std::string type_name;  // as declared: "Integer", "Role"; for messages
  std::string enum_name;  // empty: no enum
  std::string json_type;  // Json @type(T): T
  bool json_is_strict = true;
  bool is_list = false;
  bool is_optional = false;
  bool is_id = false;
  bool is_unique = false;
  bool is_updated_at = false;
  std::optional<std::string> updated_by{};  // the claim that is stamped; "id" by default
  std::string sequence_scope;               // empty: no sequence
  FieldDefault default_value;
  std::string generated_sql;  // Generated: with {field} replaced by quoted columns
  bool is_generated_stored = false;
  std::string check_sql;
  std::vector<Transform> transforms;
  std::vector<Validator> validators;
  std::optional<DerivedField> derived{};
  Visibility visibility = Visibility::Always;
  bool is_encrypted = false;
  bool is_searchable = false;  // encrypted so that equality can be asked

  [[nodiscard]] bool is_stored() const {
    return role == FieldRole::Stored || role == FieldRole::Generated;
  }
};

enum class RelationKind : unsigned char { BelongsTo, HasMany, ManyToMany };

struct Relation {
  std::string name;
  RelationKind kind = RelationKind::BelongsTo;
  std::size_t target = 0;  // in Catalog::models
  /// Fields of this model and of the target that are equal. BelongsTo: own foreign key and the
  /// target's key. HasMany: own key and the target's foreign key. Only the first pair is used by
  /// queries; a foreign key constraint has all. ManyToMany: one key field of each.
  std::vector<std::string> own_fields;
  std::vector<std::string> target_fields;
  std::string on_delete;  // "Cascade", ..; empty: none
  std::string on_update;
  bool is_hard_delete = false;  // HasMany: @hardDelete
  // ManyToMany:
  std::string join_table;
  std::string join_own;     // its column with own_fields[0]
  std::string join_target;  // its column with target_fields[0]
  /// HasMany that no list field declares: named after the child model.
  bool is_implied = false;
};

struct ModelIndex {
  std::vector<std::string> fields;
};

struct Transition {
  std::string name;
  std::vector<std::string> from;
  std::string to;
};

struct EnumType {
  std::string name;
  std::vector<std::string> values;
  std::vector<Transition> transitions;
};

/// A type of JSON values (`type Address { .. }`); fields that stand in columns know it by name.
struct JsonType {
  std::string name;
  std::vector<ModelField> fields;
};

struct Model {
  std::string name;
  std::string accessor;  // of the client: the name with a small first letter
  std::string table;     // the SQL name
  std::string database = "main";
  std::vector<std::string> comments;
  std::vector<ModelField> fields;  // in the order of declaration
  std::vector<Relation> relations;
  std::vector<std::string> key;  // fields with @id; empty: rows have only SQLite's rowid
  std::vector<ModelIndex> indexes;
  std::vector<ModelIndex> uniques;
  std::vector<std::string> search_fields;  // @@fts; empty: none
  bool is_strict = true;
  bool has_soft_delete = false;
  bool soft_delete_cascades = false;
  std::string template_field;  // @@hasTemplates; empty: none
  bool is_external = false;    // somebody else makes the table
  bool is_join_table = false;  // of a many-to-many relation; no accessor
  // Views:
  bool is_view = false;
  bool is_materialized = false;
  std::string view_sql;
  std::vector<std::string> refresh_on;  // models

  /// Null if there is none. Cost: O(fields), O(relations).
  [[nodiscard]] const ModelField* find_field(std::string_view field) const;
  [[nodiscard]] const Relation* find_relation(std::string_view relation) const;
};

/// The field that marks deleted rows of models with soft delete.
inline constexpr std::string_view kDeletedAtField = "deletedAt";

struct Catalog {
  std::vector<Model> models;  // as declared; then join tables, then views
  std::vector<EnumType> enums;
  std::vector<JsonType> json_types;
  /// The source, as the front end can read it again (lite: the AST as JSON). What a store keeps.
  Value source;

  [[nodiscard]] const Model* find_model(std::string_view name) const;
  [[nodiscard]] const Model* find_accessor(std::string_view accessor) const;
  [[nodiscard]] const Model* find_table(std::string_view table) const;
  [[nodiscard]] const EnumType* find_enum(std::string_view name) const;
  [[nodiscard]] const JsonType* find_json_type(std::string_view name) const;
};
using CatalogPtr = std::shared_ptr<const Catalog>;

}  // namespace moonstone::schema
