// Moonstone. Licence: see LICENSE.
#pragma once
// The attributes of fields (`@x`) and of models (`@@x`) after parsing.
//
// Attributes that carry nothing are flags; the validators share one struct, because whoever checks
// a value walks them in order. Each alternative keeps what the source said; what it means for
// storage or for queries is decided by those who read it.
// Threads: plain data. Source: litestone.md 3.1, 3.2 and 3.7.

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "base/value.h"
#include "schema/lite/expression.h"

namespace moonstone::lite {

// --- fields --------------------------------------------------------------------------------------

enum class FieldFlag : unsigned char {
  Id,
  Unique,
  Computed,
  HardDelete,
  KeepVersions,
  Trim,
  Lower,
  Upper,
  Slug,
  UpdatedAt,
  Markdown,
};

struct FieldMap {
  std::string name;  // the column
};

enum class DefaultKind : unsigned char {
  Text,
  Number,
  Boolean,
  Enum,            // value: the text of the enum value
  Call,            // function, and claim if it is auth().claim
  FieldReference,  // field: a sibling
};

struct Default {
  DefaultKind kind = DefaultKind::Text;
  Value value = nullptr;
  std::string function;
  std::optional<std::string> claim;
  std::string field;
};

enum class ReferentialAction : unsigned char { Cascade, SetNull, Restrict, NoAction };

/// `@relation`. A back reference has no `fields`. An action that the language does not know is an
/// error for onDelete and ignored (absent here) for onUpdate.
struct Relation {
  std::optional<std::vector<std::string>> fields;
  std::optional<std::vector<std::string>> references;
  std::optional<ReferentialAction> on_delete;
  std::optional<ReferentialAction> on_update;
  std::optional<std::string> name;
};

/// `sql` has `"x"` where the source said `{x}`; `fields` lists those names in order, once each.
struct Generated {
  std::string sql;
  bool stored = false;
  std::vector<std::string> fields;
};

enum class FromOperation : unsigned char { First, Last, Count, Exists, Sum, Max, Min };

struct From {
  std::string target;  // a model
  std::optional<FromOperation> operation;
  std::string field;  // of Sum, Max and Min
  bool flag = true;   // of First, Last, Count and Exists: what stood behind the colon
  std::optional<std::string> where;     // SQL over the target
  std::optional<std::string> order_by;  // a field of the target
};

enum class OmitLevel : unsigned char { Lists, All };
struct Omit {
  OmitLevel level = OmitLevel::Lists;
};

enum class GuardLevel : unsigned char { Select, All };
struct Guarded {
  GuardLevel level = GuardLevel::Select;
};

struct Encrypted {
  bool searchable = false;
};

struct Check {
  std::string sql;
};

struct Secret {
  bool rotate = true;
};

/// A field's `@allow`: the operations are `read` and `write`, in this order.
struct FieldAllow {
  std::vector<std::string> operations;
  Expression expression;
};

/// `@log` and `@@log`.
struct Log {
  std::string database;
  bool reads = true;
  bool writes = true;
};

/// `@name(a, b)`: a call of a schema function with sibling fields.
struct FunctionCall {
  std::string function;
  std::vector<std::string> arguments;
};

struct UpdatedBy {
  std::string claim = "id";  // of auth()
};

struct Sequence {
  std::string scope;  // a sibling field
};

struct Accept {
  std::vector<std::string> types;  // trimmed, in order
};

struct TypeReference {
  std::string name;  // a type declaration
  bool strict = true;
};

enum class ValidatorKind : unsigned char {
  Email,
  Url,
  Phone,
  Date,
  DateTime,
  Regex,       // text: the pattern
  Length,      // minimum, maximum: UTF-16 units, either may be absent
  StartsWith,  // text
  EndsWith,    // text
  Contains,    // text
  Less,        // value
  LessOrEqual,
  Greater,
  GreaterOrEqual,
  MinItems,  // value
  MaxItems,
  UniqueItems,
};

struct Validator {
  ValidatorKind kind = ValidatorKind::Email;
  std::string text;
  Value value = nullptr;
  std::optional<double> minimum;
  std::optional<double> maximum;
  std::optional<std::string> message;  // replaces the usual one
};

using FieldAttribute = std::variant<FieldFlag,
                                    FieldMap,
                                    Default,
                                    Relation,
                                    Generated,
                                    From,
                                    Omit,
                                    Guarded,
                                    Encrypted,
                                    Check,
                                    Secret,
                                    FieldAllow,
                                    Log,
                                    FunctionCall,
                                    UpdatedBy,
                                    Sequence,
                                    Accept,
                                    TypeReference,
                                    Validator>;

// --- models --------------------------------------------------------------------------------------

enum class ModelFlag : unsigned char { Strict, NoStrict, External, Auth };

struct Index {
  std::vector<std::string> fields;
  bool unique = false;
};

struct FullText {
  std::vector<std::string> fields;
};

struct TableMap {
  std::string name;  // the table
};

struct SoftDelete {
  bool cascade = false;
};

struct Templates {
  std::string field = "isTemplate";  // the marker
};

enum class PolicyEffect : unsigned char { Allow, Deny };

/// `@@allow` and `@@deny`. The operations are of read, create, update, post-update, delete; `all`
/// and `write` are spelled out.
struct Policy {
  PolicyEffect effect = PolicyEffect::Allow;
  std::vector<std::string> operations;
  Expression expression;
  std::optional<std::string> message;
};

/// The dotted text, also for the form with names. gate.h reads its levels.
struct Gate {
  std::string value;
};

struct DatabaseOf {
  std::string name;
};

/// Left in Schema::traits only: in models, expansion puts the members of the trait in its place.
struct TraitUse {
  std::string name;
};

using ModelAttribute = std::variant<ModelFlag,
                                    Index,
                                    FullText,
                                    TableMap,
                                    SoftDelete,
                                    Templates,
                                    Policy,
                                    Gate,
                                    Log,
                                    DatabaseOf,
                                    TraitUse>;

}  // namespace moonstone::lite
