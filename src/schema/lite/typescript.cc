// Moonstone. Licence: see LICENSE.
#include "schema/lite/typescript.h"

#include <algorithm>
#include <iterator>
#include <unordered_set>

#include <fmt/format.h>

#include "schema/lite/internal/field_roles.h"
#include "schema/lite/internal/typescript_text.h"
#include "schema/lite/names.h"

namespace moonstone::lite {
namespace {

/// Text that cannot end the comment around it.
std::string comment_text(std::string_view text) {
  std::string result;
  for (std::size_t at = 0; at < text.size(); ++at) {
    result += text[at];
    if (text[at] == '*' && at + 1 < text.size() && text[at + 1] == '/') result += '\\';
  }
  return result;
}

std::string_view scalar_text(ScalarType type) {
  switch (type) {
    case ScalarType::Int:
    case ScalarType::Float:
      return "number";
    case ScalarType::String:
    case ScalarType::DateTime:
      return "string";
    case ScalarType::Boolean:
      return "boolean";
    case ScalarType::Json:
      return "unknown";
    case ScalarType::Bytes:
      return "Buffer";
    case ScalarType::File:
      return "FileRef";
  }
  return "unknown";
}

std::string element_text(const FieldType& type) {
  if (type.kind == TypeKind::Scalar) return std::string(scalar_text(type.scalar));
  return type_name_of(type.name);
}

/// The type without `| null`.
std::string type_text(const Field& field) {
  if (const auto* reference = field.find<TypeReference>()) return type_name_of(reference->name);
  return element_text(field.type) + (field.type.array ? "[]" : "");
}

class Generator {
 public:
  Generator(const Schema& schema, const TypeScriptOptions& options)
      : schema_(schema), options_(options) {
    for (const Model& model : schema.models) {
      const bool is_wanted =
          options.only.empty() || std::ranges::find(options.only, model.name) != options.only.end();
      if (is_wanted) names_.insert(model.name);
    }
  }

  std::string run() {
    out_ = kTypeScriptHead;
    for (const Enum& one : schema_.enums)
      write_enum(one);
    for (const Model& type : schema_.types)
      write_type(type);
    if (uses_files()) out_ += kTypeScriptFile;
    for (const Model& model : schema_.models) {
      if (names_.contains(model.name)) write_model(model);
    }
    for (const View& view : schema_.views)
      write_view(view);
    out_ += kTypeScriptTables;
    write_client();
    return std::move(out_);
  }

 private:
  template <class... Arguments>
  void write(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    fmt::format_to(std::back_inserter(out_), format, std::forward<Arguments>(arguments)...);
  }

  /// Comments of the source and marks, as one comment before a declaration.
  void write_comment(const std::vector<std::string>& comments,
                     std::string_view marks,
                     std::string_view indent) {
    if (!options_.include_comments) return;
    std::vector<std::string> lines;
    lines.reserve(comments.size() + 1);
    for (const std::string& comment : comments)
      lines.push_back(comment_text(comment));
    if (!marks.empty()) lines.emplace_back(marks);
    if (lines.size() == 1) write("{}/** {} */\n", indent, lines.front());
    if (lines.size() <= 1) return;
    write("{}/**\n", indent);
    for (const std::string& line : lines)
      write("{} * {}\n", indent, line);
    write("{} */\n", indent);
  }

  static std::string marks_of(const Field& field) {
    std::string marks;
    const auto add = [&marks](std::string_view mark) {
      if (!marks.empty()) marks += ' ';
      marks += mark;
    };
    const bool is_secret = field.find<Secret>() != nullptr;
    if (is_secret) add("@secret");
    if (!is_secret && field.find<Guarded>() != nullptr) add("@guarded");
    if (!is_secret && field.find<Encrypted>() != nullptr) add("@encrypted");
    if (field.find<UpdatedBy>() != nullptr) add("@updatedBy");
    switch (derivation_of(field)) {
      case Derivation::Computed:
        add("@computed");
        break;
      case Derivation::From:
        add("@from");
        break;
      case Derivation::Generated:
        add("generated");
        break;
      case Derivation::None:
        break;
    }
    return marks;
  }

  void write_enum(const Enum& subject) {
    out_ += '\n';
    write_comment(subject.comments, "", "");
    write("export type {} = ", type_name_of(subject.name));
    for (std::size_t i = 0; i < subject.values.size(); ++i) {
      write("{}'{}'", i == 0 ? "" : " | ", subject.values[i].name);
    }
    out_ += '\n';
  }

  void write_type(const Model& type) {
    out_ += '\n';
    write_comment(type.comments, "", "");
    write("export interface {} {{\n", type_name_of(type.name));
    for (const Field& field : type.fields)
      write_property(field, field.type.optional);
    out_ += "}\n";
  }

  [[nodiscard]] bool uses_files() const {
    return std::ranges::any_of(schema_.models, [this](const Model& model) {
      return names_.contains(model.name) &&
             std::ranges::any_of(model.fields, [](const Field& field) {
               return field.type.is_scalar(ScalarType::File);
             });
    });
  }

  /// `name?: T | null`.
  void write_property(const Field& field, bool is_optional) {
    write_comment(field.comments, marks_of(field), "  ");
    write("  {}{}: {}{}\n", field.name, is_optional ? "?" : "", type_text(field),
          field.type.optional ? " | null" : "");
  }

  [[nodiscard]] bool is_hidden(const Field& field) const {
    if (options_.audience == Audience::System) return false;
    const auto* guarded = field.find<Guarded>();
    return field.find<Secret>() != nullptr ||
           (guarded != nullptr && guarded->level == GuardLevel::All);
  }

  /// Whether the model behind a field is part of the text.
  [[nodiscard]] bool is_reachable(const Field& field) const {
    const bool is_model =
        field.type.kind == TypeKind::Relation || field.type.kind == TypeKind::ImplicitManyToMany;
    return !is_model || names_.contains(field.type.name);
  }

  void write_model(const Model& model) {
    write_row(model);
    write_create(model);
    write_update(model);
    write_where(model);
    write_order(model);
  }

  void write_row(const Model& model) {
    out_ += '\n';
    write_comment(model.comments, "", "");
    write("export interface {} {{\n", type_name_of(model.name));
    for (const Field& field : model.fields) {
      if (is_hidden(field) || !is_reachable(field)) continue;
      // Related rows are there if the query includes them.
      write_property(field, field.type.optional || is_relation(field));
    }
    out_ += "}\n";
  }

  [[nodiscard]] bool is_writable(const Field& field) const {
    return !is_hidden(field) && !is_relation(field) && !is_managed_time(field.name) &&
           derivation_of(field) == Derivation::None && field.find<UpdatedBy>() == nullptr;
  }

  /// The fields that a nested write of a relation may fill.
  [[nodiscard]] std::unordered_set<std::string_view> foreign_keys_of(const Model& model) const {
    std::unordered_set<std::string_view> keys;
    for (const Field& field : model.fields) {
      const auto* relation = field.find<Relation>();
      if (relation == nullptr || !relation->fields || !is_reachable(field)) continue;
      keys.insert(relation->fields->begin(), relation->fields->end());
    }
    return keys;
  }

  void write_create(const Model& model) {
    const auto foreign_keys = foreign_keys_of(model);
    write("\nexport interface {}Create {{\n", type_name_of(model.name));
    for (const Field& field : model.fields) {
      if (is_relation(field)) {
        write_nested(field);
      } else if (is_writable(field)) {
        const bool is_optional =
            has_value_by_itself(field) || field.type.array || foreign_keys.contains(field.name);
        write_property(field, is_optional);
      }
    }
    out_ += "}\n";
  }

  void write_update(const Model& model) {
    write("\nexport interface {}Update {{\n", type_name_of(model.name));
    for (const Field& field : model.fields) {
      if (is_relation(field)) {
        write_nested(field);
      } else if (is_writable(field)) {
        write_property(field, true);
      }
    }
    out_ += "}\n";
  }

  void write_nested(const Field& field) {
    if (!is_reachable(field)) return;
    const std::string target = type_name_of(field.type.name);
    if (field.type.array) {
      write("  {0}?: NestedMany<{1}Create, {1}Update, {1}Where>\n", field.name, target);
    } else {
      write("  {0}?: NestedOne<{1}Create, {1}Where>\n", field.name, target);
    }
  }

  /// Whether the database can compare it: not what a program computes, nor another model's row.
  static bool is_comparable(const Field& field) {
    const bool is_row = field.type.kind == TypeKind::Relation && field.find<From>() != nullptr;
    return !is_row && !field.has(FieldFlag::Computed);
  }

  void write_where(const Model& model) {
    const std::string name = type_name_of(model.name);
    write("\nexport interface {}Where extends WhereBase {{\n", name);
    for (const Field& field : model.fields) {
      if (is_relation(field) || !is_comparable(field)) continue;
      const std::string type = type_text(field);
      std::string more;
      if (field.type.array) more = fmt::format(" | WhereList<{}>", element_text(field.type));
      if (field.find<TypeReference>() != nullptr) more = fmt::format(" | WhereJson<{}>", type);
      write("  {0}?: {1} | WhereOp<{1}>{2} | null\n", field.name, type, more);
    }
    write("  AND?: {0}Where[]\n  OR?: {0}Where[]\n  NOT?: {0}Where\n}}\n", name);
  }

  void write_order(const Model& model) {
    write("\nexport type {}OrderBy = {{\n", type_name_of(model.name));
    for (const Field& field : model.fields) {
      if (!is_comparable(field) || !is_reachable(field)) continue;
      std::string type = "OrderBy";
      if (is_relation(field)) {
        type = field.type.array ? "OrderByList" : type_name_of(field.type.name) + "OrderBy";
      }
      write("  {}?: {}\n", field.name, type);
    }
    out_ += "}\n";
  }

  void write_view(const View& view) {
    out_ += '\n';
    write_comment(view.comments, "", "");
    write("export interface {} {{\n", type_name_of(view.name));
    for (const ViewField& field : view.fields) {
      write_comment(field.comments, "", "  ");
      write("  {}{}: {}{}{}\n", field.name, field.type.optional ? "?" : "",
            element_text(field.type), field.type.array ? "[]" : "",
            field.type.optional ? " | null" : "");
    }
    out_ += "}\n";
  }

  void write_client() {
    out_ += "\nexport interface LitestoneClient {\n";
    for (const Model& model : schema_.models) {
      if (!names_.contains(model.name)) continue;
      write("  readonly {0}: TableClient<{1}, {1}Create, {1}Update, {1}Where, {1}OrderBy>\n",
            accessor_of(model.name), type_name_of(model.name));
    }
    for (const View& view : schema_.views) {
      write("  readonly {}: ViewClient<{}>\n", accessor_of(view.name), type_name_of(view.name));
    }
    out_ += kTypeScriptClient;
  }

  const Schema& schema_;
  const TypeScriptOptions& options_;
  std::unordered_set<std::string_view> names_;  // of the models in the text
  std::string out_;
};

}  // namespace

std::string generate_typescript(const Schema& schema, const TypeScriptOptions& options) {
  return Generator(schema, options).run();
}

}  // namespace moonstone::lite
