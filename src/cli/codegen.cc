// Moonstone. Licence: see LICENSE.
#include "cli/codegen.h"

#include <algorithm>
#include <map>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/json.h"
#include "cli/files.h"
#include "cli/lite_schema.h"
#include "orm/methods.h"
#include "schema/names.h"
#include "schema/type.h"

namespace moonstone::cli {
namespace {

using runtime::Function;
using runtime::FunctionKind;
using runtime::Visibility;
using schema::Type;
using schema::TypeKind;

/// Where prettier would break a line; the generated files look as if formatted.
constexpr std::size_t kColumns = 100;

constexpr std::string_view kFromFunctions =
    "// Written by moonstone from the function files. Do not edit: the next build overwrites it.\n";

std::string from_schema(const CodegenInput& input) {
  return fmt::format(
      "// Written by moonstone from {}. Do not edit: the next build overwrites it.\n",
      input.bundle->orm == nullptr ? "schema.ts" : "schema.lite");
}

std::string literal_of(std::string_view text) {
  std::string out;
  write_json_string(text, out);
  return out;
}

std::string property_name(std::string_view name) {
  return schema::is_javascript_identifier(name) ? std::string(name) : literal_of(name);
}

std::string_view kind_name(FunctionKind kind) {
  switch (kind) {
    case FunctionKind::Query:
      return "query";
    case FunctionKind::Mutation:
      return "mutation";
    case FunctionKind::Action:
      return "action";
  }
  return "query";
}

/// An object's members as `a: T; b?: U`; nested objects likewise, what is deeper as
/// schema::typescript_of prints it.
std::string type_text(const Type& type) {
  if (type.kind() != TypeKind::Object) return schema::typescript_of(type);
  if (type.properties().empty()) return "{}";
  std::vector<std::string> members;
  members.reserve(type.properties().size());
  for (const Type::Property& property : type.properties()) {
    members.push_back(fmt::format("{}{} {}", property_name(property.name),
                                  property.type->is_optional() ? "?:" : ":",
                                  type_text(property.type->required())));
  }
  return fmt::format("{{ {} }}", fmt::join(members, "; "));
}

bool has_id(const Type& type) {
  if (type.kind() == TypeKind::Id) return true;
  return std::ranges::any_of(type.children(), [](const auto& child) { return has_id(*child); }) ||
         std::ranges::any_of(type.properties(),
                             [](const auto& property) { return has_id(*property.type); });
}

// --- api.ts --------------------------------------------------------------------------------------

/// Prints the leaves of `api` and `internal`, and notes which imports they need.
class ApiPrinter {
 public:
  explicit ApiPrinter(const CodegenInput& input) {
    for (const auto* modules : {&input.layout->modules, &input.layout->node_modules}) {
      for (const Module& module : *modules) {
        if (!module.is_typescript()) untyped_modules_.push_back(module.name);
      }
    }
  }

  /// One object of all functions of that visibility.
  std::string object_of(const runtime::Bundle& bundle, Visibility visibility) {
    Node root;
    for (const auto& [name, function] : bundle.functions) {
      if (function.visibility == visibility) place(root, function);
    }
    if (root.children.empty()) return "{}";
    return "{\n" + members_of(root, 1) + "}";
  }

  [[nodiscard]] bool needs_id() const { return needs_id_; }
  [[nodiscard]] bool needs_return_of() const { return needs_return_of_; }
  [[nodiscard]] bool needs_reference() const { return needs_reference_; }

 private:
  /// A level of nesting: the segments of module paths, then the exports. A module `a` with an
  /// export `b` and a module `a/b` share a level.
  struct Node {
    const Function* function = nullptr;
    std::map<std::string, Node, std::less<>> children;
  };

  static void place(Node& root, const Function& function) {
    Node* node = &root;
    std::string_view path = function.module;
    while (!path.empty()) {
      const std::size_t slash = std::min(path.find('/'), path.size());
      node = &node->children[std::string(path.substr(0, slash))];
      path.remove_prefix(std::min(slash + 1, path.size()));
    }
    node->children[function.export_name].function = &function;
  }

  std::string members_of(const Node& node, std::size_t depth) {
    const std::string indent(2 * depth, ' ');
    std::string out;
    for (const auto& [name, child] : node.children) {
      out += fmt::format("{}{}: ", indent, property_name(name));
      if (child.function == nullptr) {
        out += fmt::format("{{\n{}{}}},\n", members_of(child, depth + 1), indent);
        continue;
      }
      const std::string leaf = leaf_of(*child.function, indent, indent.size() + name.size() + 2);
      if (child.children.empty()) {
        out += leaf + ",\n";
      } else {
        out += fmt::format("Object.assign({}, {{\n{}{}}}),\n", leaf, members_of(child, depth + 1),
                           indent);
      }
    }
    return out;
  }

  std::string leaf_of(const Function& function, const std::string& indent, std::size_t column) {
    needs_reference_ = true;
    const std::string_view kind = kind_name(function.kind);
    const std::string head = fmt::format("{{ _name: {}, _type: \"{}\" }} as FunctionReference<",
                                         literal_of(function.name), kind);
    const std::string args = args_of(function);
    const std::string result = result_of(function);
    std::string line = fmt::format("{}\"{}\", {}, {}>", head, kind, args, result);
    if (column + line.size() + 1 <= kColumns) return line;
    return fmt::format("{0}\n{1}  \"{2}\",\n{1}  {3},\n{1}  {4}\n{1}>", head, indent, kind, args,
                       result);
  }

  std::string args_of(const Function& function) {
    if (function.args == nullptr) return is_typed(function) ? "{}" : "any";
    needs_id_ = needs_id_ || has_id(*function.args);
    return type_text(*function.args);
  }

  std::string result_of(const Function& function) {
    if (function.returns != nullptr) {
      needs_id_ = needs_id_ || has_id(*function.returns);
      return type_text(*function.returns);
    }
    if (!is_typed(function)) return "any";
    needs_return_of_ = true;
    const std::string member = schema::is_javascript_identifier(function.export_name)
                                   ? "." + function.export_name
                                   : "[" + literal_of(function.export_name) + "]";
    return fmt::format("ReturnOf<typeof import({}){}>", literal_of("../" + function.module),
                       member);
  }

  [[nodiscard]] bool is_typed(const Function& function) const {
    return std::ranges::find(untyped_modules_, function.module) == untyped_modules_.end();
  }

  std::vector<std::string> untyped_modules_;
  bool needs_id_ = false;
  bool needs_return_of_ = false;
  bool needs_reference_ = false;
};

std::string api_file(const CodegenInput& input) {
  ApiPrinter printer(input);
  const std::string api = printer.object_of(*input.bundle, Visibility::Public);
  const std::string internal = printer.object_of(*input.bundle, Visibility::Internal);
  std::vector<std::string_view> names;
  if (printer.needs_reference()) names.emplace_back("FunctionReference");
  if (printer.needs_id()) names.emplace_back("Id");
  if (printer.needs_return_of()) names.emplace_back("ReturnOf");
  std::string out(kFromFunctions);
  if (!names.empty()) {
    out += fmt::format("import type {{ {} }} from {};\n", fmt::join(names, ", "),
                       literal_of(input.package));
  }
  out +=
      "\n// Arguments are written out. A result is written out where `returns` declares it, else "
      "taken\n// from the handler; the latter only names types, no function module is loaded by "
      "the app.\n";
  out += fmt::format("export const api = {} as const;\n\nexport const internal = {} as const;\n",
                     api, internal);
  return out;
}

// --- dataModel.ts --------------------------------------------------------------------------------

std::string table_type(const schema::Table& table) {
  std::string out = fmt::format("  {}: {{\n    _id: Id<{}>;\n", property_name(table.name),
                                literal_of(table.name));
  if (table.model == nullptr) out += "    _creationTime: number;\n";
  for (const schema::Field& field : table.fields) {
    out += fmt::format("    {}{} {};\n", property_name(field.name),
                       field.type->is_optional() ? "?:" : ":", type_text(field.type->required()));
  }
  return out + "  };\n";
}

std::string index_types(const schema::Schema& schema) {
  std::string out;
  for (const schema::Table& table : schema.tables) {
    std::vector<std::string> indexes;
    for (const schema::Index& index : table.indexes) {
      if (index.name == "by_id") continue;  // every table has it
      std::vector<std::string> fields;
      for (const std::string& field : index.fields)
        fields.push_back(literal_of(field));
      indexes.push_back(
          fmt::format("{}: [{}]", property_name(index.name), fmt::join(fields, ", ")));
    }
    if (indexes.empty()) continue;
    const std::string line =
        fmt::format("  {}: {{ {} }};\n", property_name(table.name), fmt::join(indexes, "; "));
    out += line.size() <= kColumns + 1
               ? line
               : fmt::format("  {}: {{\n    {};\n  }};\n", property_name(table.name),
                             fmt::join(indexes, ";\n    "));
  }
  return out;
}

/// Table to the fields that have a search index; each line begins with `indent`.
std::string search_types(const schema::Schema& schema, std::string_view indent) {
  std::string out;
  for (const schema::Table& table : schema.tables) {
    std::vector<std::string> fields;
    for (const schema::SearchIndex& index : table.search_indexes)
      fields.push_back(literal_of(index.field));
    if (fields.empty()) continue;
    out +=
        fmt::format("{}  {}: {};\n", indent, property_name(table.name), fmt::join(fields, " | "));
  }
  return out;
}

std::string data_model_file(const CodegenInput& input) {
  const schema::Schema& schema = input.bundle->schema;
  const std::string indexes = index_types(schema);
  const std::string_view indent = indexes.empty() ? "" : "  ";
  const std::string searches = search_types(schema, indent);
  std::string tables;
  std::vector<std::string> names;
  for (const schema::Table& table : schema.tables) {
    tables += table_type(table);
    names.push_back(literal_of(table.name));
  }
  std::string out = from_schema(input);
  out += fmt::format("import type {{ Id{}{} }} from {};\n\nexport type {{ Id }};\n\n",
                     indexes.empty() ? "" : ", WithIndexes",
                     searches.empty() ? "" : ", WithSearchIndexes", literal_of(input.package));
  out += fmt::format("export type DataModel = {{{}{}}}", tables.empty() ? "" : "\n", tables);
  if (!indexes.empty()) out += fmt::format(" & WithIndexes<{{\n{}}}>", indexes);
  if (!searches.empty()) {
    out += fmt::format(" &{}WithSearchIndexes<{{\n{}{}}}>", indexes.empty() ? " " : "\n  ",
                       searches, indent);
  }
  std::string union_text = fmt::format("{}", fmt::join(names, " | "));
  if (names.empty()) union_text = "never";
  if (union_text.size() + 26 > kColumns) {
    union_text = fmt::format("\n  | {}", fmt::join(names, "\n  | "));
    out += fmt::format(";\n\nexport type TableName ={};\n", union_text);
  } else {
    out += fmt::format(";\n\nexport type TableName = {};\n", union_text);
  }
  return out + "\nexport type Doc<T extends TableName> = DataModel[T];\n";
}

// --- server.ts -----------------------------------------------------------------------------------

constexpr std::string_view kServerImports = R"(import {{
  createActionFactory,
  createInternalActionFactory,
  createInternalMutationFactory,
  createInternalQueryFactory,
  createMutationFactory,
  createQueryFactory,
  v as validators,
}} from {0};
import type {{
  ActionCtx as GenericActionCtx,
  ActionFactory,
  MutationCtx as GenericMutationCtx,
  MutationFactory,
  QueryCtx as GenericQueryCtx,
  QueryFactory,
  Validators,
}} from {0};
import type {{ DataModel, TableName }} from "./dataModel";

export type {{ DataModel }};
export type QueryCtx = GenericQueryCtx<DataModel>;
export type MutationCtx = GenericMutationCtx<DataModel>;
export type ActionCtx = GenericActionCtx<DataModel>;

)";

constexpr std::string_view kServerFactories =
    R"(export const v: Validators<TableName> = validators;
export const query: QueryFactory<DataModel> = createQueryFactory<DataModel>();
export const mutation: MutationFactory<DataModel> = createMutationFactory<DataModel>();
export const action: ActionFactory<DataModel> = createActionFactory<DataModel>();
export const internalQuery: QueryFactory<DataModel> = createInternalQueryFactory<DataModel>();
export const internalMutation: MutationFactory<DataModel> =
  createInternalMutationFactory<DataModel>();
export const internalAction: ActionFactory<DataModel> = createInternalActionFactory<DataModel>();
)";

/// The same where ctx.db has models. Queries see the methods that read.
constexpr std::string_view kModelImports = R"(import {{
  createActionFactory,
  createInternalActionFactory,
  createInternalMutationFactory,
  createInternalQueryFactory,
  createMutationFactory,
  createQueryFactory,
  defineModels as defineAnyModels,
  v as validators,
}} from {0};
import type {{
  ActionCtx as GenericActionCtx,
  ActionFactory,
  DefineModels,
  FunctionFactory,
  MutationCtx as GenericMutationCtx,
  QueryCtx as GenericQueryCtx,
  Validators,
}} from {0};
import type {{ DataModel, TableName }} from "./dataModel";
import type {{ Models }} from "./models";

type ReadMethod ={1};
type Named<Db> = Omit<Models, keyof Db>;
type Readable<M> = {{ [Name in keyof M]: Pick<M[Name], Extract<keyof M[Name], ReadMethod>> }};
type QueryDb = GenericQueryCtx<DataModel>["db"];
type MutationDb = GenericMutationCtx<DataModel>["db"];

export type {{ DataModel, Models }};
export type QueryCtx = GenericQueryCtx<DataModel> & {{ readonly db: Readable<Named<QueryDb>> }};
export type MutationCtx = GenericMutationCtx<DataModel> & {{ readonly db: Named<MutationDb> }};
export type ActionCtx = GenericActionCtx<DataModel>;

)";

constexpr std::string_view kModelFactories =
    R"(export const v: Validators<TableName> = validators;
export const query = createQueryFactory() as unknown as FunctionFactory<"query", QueryCtx>;
export const mutation = createMutationFactory() as unknown as FunctionFactory<
  "mutation",
  MutationCtx
>;
export const action: ActionFactory<DataModel> = createActionFactory<DataModel>();
export const internalQuery = createInternalQueryFactory() as unknown as FunctionFactory<
  "query",
  QueryCtx
>;
export const internalMutation = createInternalMutationFactory() as unknown as FunctionFactory<
  "mutation",
  MutationCtx
>;
export const internalAction: ActionFactory<DataModel> = createInternalActionFactory<DataModel>();
/** Adds functions to models: computed fields, defaults, rules, hooks, events. */
export const defineModels = defineAnyModels as DefineModels<Models, Readable<Models>>;
)";

std::string schema_names(const schema::Schema& schema) {
  if (schema.tables.empty()) return "{}";
  std::string out = "{\n";
  for (const schema::Table& table : schema.tables) {
    std::vector<std::string> fields;
    fields.reserve(table.fields.size());
    for (const schema::Field& field : table.fields) {
      fields.push_back(property_name(field.name) + ": null");
    }
    const std::string name = property_name(table.name);
    std::string line = fields.empty()
                           ? fmt::format("  {}: {{}},\n", name)
                           : fmt::format("  {}: {{ {} }},\n", name, fmt::join(fields, ", "));
    if (line.size() > kColumns + 1) {
      line = fmt::format("  {}: {{\n    {},\n  }},\n", name, fmt::join(fields, ",\n    "));
    }
    out += line;
  }
  return out + "}";
}

std::string read_method_types() {
  std::string types;
  for (const std::string_view name : orm::method_names().first(orm::read_method_count()))
    types += fmt::format("\n  | {}", literal_of(name));
  return types;
}

std::string server_file(const CodegenInput& input) {
  const bool has_models = input.bundle->orm != nullptr;
  return from_schema(input) +
         fmt::format(fmt::runtime(has_models ? kModelImports : kServerImports),
                     literal_of(input.package), read_method_types()) +
         fmt::format("export const schema = {} as const;\n\n", schema_names(input.bundle->schema)) +
         std::string(has_models ? kModelFactories : kServerFactories);
}

// --- manifest.ts ---------------------------------------------------------------------------------

constexpr std::string_view kManifestTypes = R"(/** One function as the server registers it. */
export interface ManifestEntry {
  type: string;
  isInternal: boolean;
  handler: (ctx: any, args: any) => unknown;
  argsValidator: unknown;
  returnsValidator: unknown;
}

interface Registration {
  readonly _type: string;
  readonly _isInternal?: boolean;
  readonly _argsValidator?: unknown;
  readonly _returnsValidator?: unknown;
  handler(ctx: any, args: any): unknown;
}

const entry = (fn: Registration): ManifestEntry => ({
  type: fn._type,
  isInternal: fn._isInternal ?? false,
  handler: fn.handler,
  argsValidator: fn._argsValidator,
  returnsValidator: fn._returnsValidator,
});

)";

std::string import_line(std::string_view binding, const Module& module, const std::string& name) {
  std::string_view comment = module.is_typescript() ? "" : "// @ts-ignore: plain JavaScript\n";
  return fmt::format("{}import {} from {};\n", comment, binding,
                     literal_of(fmt::format("../{}{}", name, module.is_typescript() ? "" : ".js")));
}

std::string manifest_file(const CodegenInput& input) {
  std::string imports;
  std::map<std::string, std::string, std::less<>> bindings;  // module name to `m0`
  for (const auto* modules : {&input.layout->modules, &input.layout->node_modules}) {
    for (const Module& module : *modules) {
      const std::string binding = fmt::format("m{}", bindings.size());
      imports += import_line("* as " + binding, module, module.name);
      bindings.emplace(module.name, binding);
    }
  }
  const auto& http = input.layout->http;
  const auto& crons = input.layout->crons;
  if (http) imports += import_line("http", *http, "http");
  if (crons) imports += import_line("crons", *crons, "crons");
  std::string router = http ? "http" : "null";
  if (const auto found = bindings.find(input.bundle->router); found != bindings.end()) {
    router = found->second + ".default";  // a router by another name
  }
  std::string entries;
  for (const auto& [name, function] : input.bundle->functions) {
    const bool plain = schema::is_javascript_identifier(function.export_name);
    entries += fmt::format(
        "  {}: entry({}{}),\n", literal_of(name), bindings[function.module],
        plain ? "." + function.export_name : "[" + literal_of(function.export_name) + "]");
  }
  return fmt::format(
      "{}{}\n{}export const functions: Record<string, ManifestEntry> = {{{}{}}};\n\n"
      "export const schema = {};\n\nexport const httpRouter: unknown = {};\n\n"
      "export const cronJobsDef: unknown = {};\n",
      kFromFunctions, imports, kManifestTypes, entries.empty() ? "" : "\n", entries,
      to_json_indented(schema::schema_to_json(input.bundle->schema)), router,
      crons ? "crons" : "null");
}

// --- stubs ---------------------------------------------------------------------------------------

constexpr std::string_view kStubApi = R"(// A stand-in until the first build of moonstone.
const reference = (path: string[]): any =>
  new Proxy(
    {},
    {
      get: (_, name) => {
        if (typeof name !== "string") return undefined;
        if (name !== "_name") return reference([...path, name]);
        return `${path.slice(0, -1).join("/")}:${path[path.length - 1]}`;
      },
    },
  );

export const api: any = reference([]);
export const internal: any = reference([]);
)";

constexpr std::string_view kStubDataModel = R"(// A stand-in until the first build of moonstone.
import type {{ GenericDataModel, Id }} from {};

export type {{ Id }};
export type DataModel = GenericDataModel;
export type TableName = string;
export type Doc<T extends TableName> = DataModel[T];
)";

}  // namespace

Result<std::vector<GeneratedFile>> generate(const CodegenInput& input) {
  std::vector<GeneratedFile> files = {
      {.name = "api.ts", .text = api_file(input)},
      {.name = "dataModel.ts", .text = data_model_file(input)},
      {.name = "manifest.ts", .text = manifest_file(input)},
      {.name = "server.ts", .text = server_file(input)},
  };
  MS_TRY(std::string models, models_declaration(*input.bundle));
  if (!models.empty()) files.push_back({.name = "models.d.ts", .text = std::move(models)});
  return files;
}

/// For worker entries, which import it from the first build on.
constexpr std::string_view kStubManifest =
    "// A stand-in until the first build of moonstone.\n"
    "export const functions: Record<string, unknown> = {};\n"
    "export const schema: unknown = { tables: {} };\n"
    "export const httpRouter: unknown = null;\n"
    "export const cronJobsDef: unknown = null;\n";

/// Whether the project has models is not known yet. The package may be older than they are.
constexpr std::string_view kStubDefineModels = R"(
import * as authoring from {};
export const defineModels: any = (authoring as any).defineModels;
)";

GeneratedFile stub_of_api() {
  return {.name = "api.ts", .text = std::string(kStubApi)};
}

std::vector<GeneratedFile> generate_stubs(const std::string& package) {
  const std::string name = literal_of(package);
  const std::string imports = fmt::format(fmt::runtime(kServerImports), name);
  return {
      stub_of_api(),
      {.name = "dataModel.ts", .text = fmt::format(fmt::runtime(kStubDataModel), name)},
      {.name = "manifest.ts", .text = std::string(kStubManifest)},
      {.name = "server.ts",
       .text = fmt::format("// A stand-in until the first build of moonstone.\n{}{}{}", imports,
                           kServerFactories, fmt::format(fmt::runtime(kStubDefineModels), name))}};
}

Result<std::vector<std::string>> write_generated(const std::string& folder,
                                                 const std::vector<GeneratedFile>& files) {
  std::vector<std::string> changed;
  for (const GeneratedFile& file : files) {
    MS_TRY(const Written written, write_if_changed(folder + "/" + file.name, file.text));
    if (written == Written::Yes) changed.push_back(file.name);
  }
  return changed;
}

Status write_missing_stubs(const std::string& folder,
                           const std::string& package,
                           HasModels models) {
  for (const GeneratedFile& file : generate_stubs(package)) {
    const std::string path = folder + "/" + file.name;
    bool is_there = is_file(path);
    if (is_there && models == HasModels::Yes && file.name == "server.ts") {
      MS_TRY(const std::string text, read_file(path));
      is_there = text.contains("export const defineModels");
    }
    if (!is_there) MS_TRY_STATUS(write_file(path, file.text));
  }
  return {};
}

}  // namespace moonstone::cli
