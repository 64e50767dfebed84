// Moonstone. Licence: see LICENSE.
#pragma once
// Bundle: one build of a project's functions, and what it declares.
//
// The text is one script (esbuild, format iife, global name `__moonstone`) whose value has
// `modules` (module path -> namespace object), `schema` and `crons`. load_bundle() evaluates it
// once in an isolate of its own to learn schema and functions; isolates evaluate it again for their
// use. What runs in Node instead (actions, HTTP routes, files marked "use node", the worker entry)
// is the other half, an ES module of its own. The build evaluates it once, in Node, and keeps what
// it found as the manifest, so that a server needs no Node to know its functions and routes.
// Threads: immutable, shared by BundlePtr.
// Source: functions.md sections 2 and 4; design.md decision 22.

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/orm.h"
#include "runtime/jobs/job.h"
#include "runtime/model_functions.h"
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
  std::string source_map;            // JSON text; empty: none
  std::string node_code = {};        // an ES module; empty: nothing runs in Node
  std::string node_source_map = {};  // JSON text; empty: none
  std::string node_manifest = {};    // JSON text of what node_code declares
};

/// A route of `http.ts`.
struct HttpRoute {
  std::string method;
  std::string path;  // of a prefix route: the prefix
  enum class Match : unsigned char { Exact, Prefix } match = Match::Exact;
  std::size_t index = 0;  // in the router's list of that kind
};

class Bundle {
 public:
  BundleSource source;
  std::string hash;  // content_hash (bundle_file.h) of the source
  schema::Schema schema;
  /// Calls of the models, if the schema is a `.lite` file; null else.
  std::shared_ptr<orm::Orm> orm;
  ModelFunctionsPtr model_functions;  // what the project adds to its models; null: nothing
  std::map<std::string, Function, std::less<>> functions;  // by canonical name
  std::vector<jobs::CronDefinition> crons;                 // checked
  std::vector<HttpRoute> routes;                           // in the order in which they are tried
  std::string router;                                      // the module of the routes
  bool has_gate = false;  // the worker entry looks at every request first
  /// Root modules of the V8 half whose default export is a router; for the build.
  std::vector<std::string> router_modules;

  /// Finds by canonical or dotted name ("utils.stats:f"); null if there is none.
  [[nodiscard]] const Function* find(std::string_view name) const;
  /// The route of a request, or null: all exact routes first, earlier ones before later ones; path
  /// and method are compared letter by letter (functions.md section 11).
  [[nodiscard]] const HttpRoute* find_route(std::string_view method, std::string_view path) const;
};
using BundlePtr = std::shared_ptr<const Bundle>;

/// Evaluates the bundle and reads what it declares. Starts V8 if it is not running yet.
/// Errors: InvalidArgument with the user's message, `stack()` mapped to TypeScript lines.
[[nodiscard]] Result<BundlePtr> load_bundle(BundleSource source);

}  // namespace moonstone::runtime
