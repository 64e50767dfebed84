// Moonstone. Licence: see LICENSE.
#pragma once
// The tree of a `.lite` schema: what parse() returns.
//
// After a parse that returned a schema, traits are spliced into the models, `@secret` and
// `@@hasTemplates` are expanded, every field type has its kind, and bare defaults are told apart
// (enum value or sibling). Only a valid schema keeps what validation promises.
// Everything is copied by value: two models that use one trait share nothing.
// Threads: plain data; a finished schema is not changed. Source: litestone.md 3.7.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "schema/lite/attributes.h"

namespace moonstone::lite {

/// Where something stands in the sources. Line 0: made by expansion, nowhere in a text.
struct Position {
  std::uint32_t file = 0;    // an index into ParseResult::files
  std::uint32_t line = 0;    // from 1
  std::uint32_t column = 0;  // from 1, in characters (code points)
};

enum class TypeKind : unsigned char {
  Unresolved,          // only while parsing
  Scalar,              // scalar says which
  Enum,                // name: the enum
  Relation,            // name: a model; array for the list side
  ImplicitManyToMany,  // name: a model, array
};

enum class ScalarType : unsigned char {
  String,
  Int,
  Float,
  Boolean,
  DateTime,
  Json,
  Bytes,
  File,
};

/// The scalar of that name: those of both dialects (`Text` is String). Source: litestone.md 0, 4.
[[nodiscard]] std::optional<ScalarType> find_scalar_type(std::string_view name);

struct FieldType {
  TypeKind kind = TypeKind::Unresolved;
  ScalarType scalar = ScalarType::String;  // of kind Scalar
  std::string name;                        // as the source spells it
  bool array = false;
  bool optional = false;

  [[nodiscard]] bool is_scalar(ScalarType type) const {
    return kind == TypeKind::Scalar && scalar == type;
  }
};

struct Field {
  std::string name;
  FieldType type;
  std::vector<FieldAttribute> attributes;  // in the order of the source
  std::vector<std::string> comments;       // one per `///` line
  Position position;

  [[nodiscard]] bool has(FieldFlag flag) const;
  [[nodiscard]] const Validator* find_validator(ValidatorKind kind) const;
  /// The first attribute of that type, or null: `field.find<Default>()`.
  template <class Attribute>
  [[nodiscard]] const Attribute* find() const {
    for (const FieldAttribute& attribute : attributes) {
      if (const auto* found = std::get_if<Attribute>(&attribute)) return found;
    }
    return nullptr;
  }
};

/// A model, and also a trait and a type declaration: all three have the same shape.
struct Model {
  std::string name;
  std::vector<std::string> comments;
  std::vector<Field> fields;
  std::vector<ModelAttribute> attributes;
  Position position;

  [[nodiscard]] bool has(ModelFlag flag) const;
  [[nodiscard]] const Field* find_field(std::string_view field_name) const;
  template <class Attribute>
  [[nodiscard]] const Attribute* find() const {
    for (const ModelAttribute& attribute : attributes) {
      if (const auto* found = std::get_if<Attribute>(&attribute)) return found;
    }
    return nullptr;
  }
};

enum class DatabaseDriver : unsigned char { Sqlite, Jsonl, Logger };
[[nodiscard]] std::string_view to_string(DatabaseDriver driver);

struct LiteralPath {
  std::string value;
};
struct EnvironmentPath {
  std::string variable;
  std::optional<std::string> fallback;
};

struct Database {
  std::string name;
  std::variant<LiteralPath, EnvironmentPath> path;
  DatabaseDriver driver = DatabaseDriver::Sqlite;
  bool replication = false;
  std::optional<std::string> retention;  // as written: `30d`
  std::optional<std::string> max_size;   // as written: `100mb`
  std::optional<std::string> log_model;
  Position position;
};

struct EnumValue {
  std::string name;
  std::vector<std::string> comments;
  Position position;
};

struct Transition {
  std::string name;
  std::vector<std::string> from;
  std::string to;
  Position position;
};

struct Enum {
  std::string name;
  std::vector<std::string> comments;
  std::vector<EnumValue> values;
  /// Absent without a `transitions` block; a block may be empty.
  std::optional<std::vector<Transition>> transitions;
  Position position;

  [[nodiscard]] bool has_value(std::string_view value) const;
};

struct FunctionParameter {
  std::string name;
  std::string type;
};

struct Function {
  std::string name;
  std::vector<FunctionParameter> parameters;
  std::string return_type;
  std::string expression;  // SQL with `{parameter}`
  std::vector<std::string> comments;
  Position position;
};

struct ViewField {
  std::string name;
  FieldType type;
  std::vector<std::string> comments;
  Position position;
};

struct View {
  std::string name;
  std::vector<ViewField> fields;
  std::string sql;
  bool materialized = false;
  std::vector<std::string> refresh_on;  // models
  std::optional<std::string> database;
  std::vector<std::string> comments;
  Position position;
};

struct Schema {
  /// The paths of `import` as written; parse_file() resolves and empties them.
  std::vector<std::string> imports;
  std::vector<Database> databases;
  std::vector<Model> models;
  std::vector<View> views;
  std::vector<Enum> enums;
  std::vector<Function> functions;
  std::vector<Model> traits;
  std::vector<Model> types;

  // Exact names; null when there is none. Cost: linear.
  [[nodiscard]] const Database* find_database(std::string_view name) const;
  [[nodiscard]] const Model* find_model(std::string_view name) const;
  [[nodiscard]] const View* find_view(std::string_view name) const;
  [[nodiscard]] const Enum* find_enum(std::string_view name) const;
  [[nodiscard]] const Function* find_function(std::string_view name) const;
  [[nodiscard]] const Model* find_type(std::string_view name) const;
};

}  // namespace moonstone::lite
