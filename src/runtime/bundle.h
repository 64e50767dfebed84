// Moonstone. Licence: see LICENSE.
#pragma once
// Bundle: one build of a project's functions, and what it declares.
//
// The text is one script (esbuild, format iife, global name `__moonstone`) whose value has
// `modules` (module path -> namespace object) and `schema`. load_bundle() evaluates it once in an
// isolate of its own to learn schema and functions; isolates evaluate it again for their use.
// Threads: immutable, shared by BundlePtr.
// Source: functions.md sections 2 and 4; design.md decision 22.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace moonstone::runtime {

enum class FunctionKind : unsigned char { Query, Mutation, Action };
enum class Visibility : unsigned char { Public, Internal };

struct Function {
  std::string name;         // canonical: "utils/stats:taskStats"
  std::string module;       // "utils/stats"
  std::string export_name;  // "taskStats"
  FunctionKind kind = FunctionKind::Query;
  Visibility visibility = Visibility::Public;
  schema::TypePtr args;     // an object type; null: not checked (no validators)
  schema::TypePtr returns;  // null: not checked
};

struct BundleSource {
  std::string code;
  std::string source_map;  // JSON text; empty: none
};

class Bundle {
 public:
  BundleSource source;
  std::string hash;  // hex, of the code
  schema::Schema schema;
  std::map<std::string, Function, std::less<>> functions;  // by canonical name

  /// Finds by canonical or dotted name ("utils.stats:f"); null if there is none.
  [[nodiscard]] const Function* find(std::string_view name) const;
};
using BundlePtr = std::shared_ptr<const Bundle>;

/// Evaluates the bundle and reads what it declares. Starts V8 if it is not running yet.
/// Errors: InvalidArgument with the user's message, `stack()` mapped to TypeScript lines.
[[nodiscard]] Result<BundlePtr> load_bundle(BundleSource source);

}  // namespace moonstone::runtime
