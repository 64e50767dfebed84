// Moonstone. Licence: see LICENSE.
#include "cli/lite_schema.h"

#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/files.h"
#include "schema/lite/ast_from_json.h"
#include "schema/lite/catalog.h"
#include "schema/lite/names.h"
#include "schema/lite/parse.h"
#include "schema/lite/typescript.h"

namespace moonstone::cli {
namespace {

Error invalid(const std::string& path, const lite::ParseResult& parsed) {
  std::string message = fmt::format("{} has errors:", path);
  for (const lite::Problem& problem : parsed.errors) {
    const std::string& file =
        problem.position.file < parsed.files.size() ? parsed.files[problem.position.file] : path;
    const bool has_place = problem.position.line > 0;
    message += has_place ? fmt::format("\n  {}:{}:{}: {}", file, problem.position.line,
                                       problem.position.column, problem.text)
                         : fmt::format("\n  {}", problem.text);
  }
  return {ErrorCode::InvalidArgument, std::move(message), "build"};
}

/// A server keeps one database; logs are databases of their own in the language, and come later.
Status refuse_other_databases(const lite::Schema& schema) {
  for (const lite::Model& model : schema.models) {
    const auto* const of = model.find<lite::DatabaseOf>();
    if (of == nullptr || of->name == "main") continue;
    return Error(ErrorCode::InvalidArgument,
                 fmt::format("the model {} is in the database \"{}\", and a server keeps one only: "
                             "take @@db({}) away",
                             model.name, of->name, of->name),
                 "build");
  }
  return {};
}

}  // namespace

Result<Module> make_lite_module(const std::string& path,
                                const std::string& build_folder,
                                std::vector<std::string>& warnings) {
  const lite::ParseResult parsed = lite::parse_file(path);
  if (!parsed.valid) return invalid(path, parsed);
  for (const lite::Problem& warning : parsed.warnings)
    warnings.push_back(fmt::format("{}: {}", kLiteSchemaName, warning.text));
  MS_TRY_STATUS(refuse_other_databases(*parsed.schema));
  auto catalog = lite::make_catalog(*parsed.schema);
  if (!catalog) return std::move(catalog).error().with_context(path);
  const std::string text =
      fmt::format("// Written by moonstone from {}.\nexport const schema = {{ lite: {} }};\n",
                  kLiteSchemaName, to_json((*catalog)->source));
  Module module{.name = "schema", .path = build_folder + "/lite_schema.js"};
  MS_TRY_STATUS(write_if_changed(module.path, text));
  return module;
}

Result<std::string> models_declaration(const runtime::Bundle& bundle) {
  if (bundle.orm == nullptr) return std::string();
  const Value* const tree = bundle.orm->catalog()->source.as_object().find("schema");
  MS_TRY(const lite::Schema schema, lite::schema_from_json(*tree));
  std::string text = lite::generate_typescript(
      schema, {.audience = lite::Audience::System, .include_comments = true});
  // Functions know no Buffer of Node: their bytes are an ArrayBuffer.
  if (text.contains("Buffer")) text += "\ntype Buffer = ArrayBuffer;\n";
  // What ctx.db has beside its own methods.
  text += "\nexport type Models = Pick<\n  LitestoneClient,\n ";
  for (const lite::Model& model : schema.models)
    text += fmt::format(" | \"{}\"", lite::accessor_of(model.name));
  for (const lite::View& view : schema.views)
    text += fmt::format(" | \"{}\"", lite::accessor_of(view.name));
  if (schema.models.empty() && schema.views.empty()) text += " never";
  return text + "\n>;\n";
}

}  // namespace moonstone::cli
