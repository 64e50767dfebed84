// Moonstone. Licence: see LICENSE.
//
// Rows as JavaScript objects. C++ hands the values of many rows over as one flat array, and a
// function that is generated for the table makes the objects: V8 then knows their shape, and
// entering JavaScript costs once per chunk instead of once per row. The README has the figures.
// Another function of the table compares documents with the values that they were made of.
#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <utility>

#include <fmt/core.h>

#include "base/json.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/program.h"

namespace moonstone::runtime {
namespace {

std::string quoted(std::string_view text) {
  std::string out;
  write_json_string(text, out);
  return out;
}

/// A name as a key of an object literal; __proto__ would otherwise set the prototype.
std::string key_text(std::string_view name) {
  return name == "__proto__" ? fmt::format("[{}]", quoted(name)) : quoted(name);
}

/// Statements that append `count` documents, whose values follow each other in `v`, to `out`.
/// Fields that may be absent are set only if they are there, all in the order of the schema.
std::string maker_text(const schema::Table& table) {
  std::string literal = R"("_id": v[i])";
  if (table.model == nullptr) literal += R"(, "_creationTime": v[i + 1])";
  std::string rest;
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const schema::Field& field = table.fields[i];
    const std::string value = fmt::format("v[i + {}]", i + 2);
    if (!field.type->is_optional() && rest.empty()) {
      literal += fmt::format(", {}: {}", key_text(field.name), value);
      continue;
    }
    const std::string set =
        field.name == "__proto__"
            ? fmt::format(
                  "Object.defineProperty(d, {}, {{ value: {}, writable: true, enumerable: "
                  "true, configurable: true }});",
                  quoted(field.name), value)
            : fmt::format("d[{}] = {};", quoted(field.name), value);
    rest += fmt::format("if ({} !== undefined) {}\n", value, set);
  }
  return fmt::format("const d = {{ {} }};\n{}out.push(d);\n", literal, rest);
}

std::string names_text(const schema::Table& table) {
  std::string names = R"("_id", "_creationTime")";
  for (const schema::Field& field : table.fields)
    names += ", " + quoted(field.name);
  return names;
}

/// What the functions of a table have around them. `isUntouched` walks over a document as
/// JSON.stringify would: it has the same members in the same order, each with the very value that
/// it got, and no say of its own in how it is printed. So a member that was removed and set again,
/// a getter, a changed prototype or a hidden toJSON are noticed.
constexpr std::string_view kFactoryText = R"js("use strict";
const width = {0}, names = [{1}];
const {{ getPrototypeOf, prototype }} = Object;
const {{ isArray }} = Array;
function make(v, count, out) {{
  for (let k = 0, i = 0; k < count; k++, i += width) {{
    {2}
  }}
}}
function isUntouched(d, v, i) {{
  if (typeof d !== "object" || d === null || isArray(d)) return false;
  if (getPrototypeOf(d) !== prototype || d.toJSON !== undefined) return false;
  let n = 0;
  for (const name in d) {{
    while (n < width && v[i + n] === undefined) n++;
    if (n === width || name !== names[n] || d[name] !== v[i + n]) return false;
    n++;
  }}
  while (n < width && v[i + n] === undefined) n++;
  return n === width;
}}
function areUntouched(v, count, documents) {{
  if (documents.length !== count || documents.toJSON !== undefined) return false;
  for (let k = 0, i = 0; k < count; k++, i += width) {{
    if (!isUntouched(documents[k], v, i)) return false;
  }}
  return true;
}}
return [make, areUntouched];)js";

}  // namespace

const Program::TableFunctions* Program::functions_of(const schema::SchemaPtr& schema,
                                                     const schema::Table& table) {
  if (tables_schema_ != schema) {
    tables_.clear();
    tables_schema_ = schema;
  }
  TableFunctions& functions = tables_[&table];
  if (!functions.make.IsEmpty()) return &functions;
  const v8::Local<v8::Context> context = this->context();
  const v8::ScriptOrigin origin(isolate_, to_v8_string(isolate_, kPreludeFile));
  v8::ScriptCompiler::Source source(
      to_v8_string(isolate_, fmt::format(kFactoryText, table.fields.size() + 2, names_text(table),
                                         maker_text(table))),
      origin);
  v8::Local<v8::Function> factory;
  v8::Local<v8::Value> made;
  v8::Local<v8::Value> make;
  v8::Local<v8::Value> is_untouched;
  if (!v8::ScriptCompiler::CompileFunctionInContext(context, &source, 0, nullptr, 0, nullptr)
           .ToLocal(&factory) ||
      !factory->Call(context, v8::Undefined(isolate_), 0, nullptr).ToLocal(&made) ||
      !made.As<v8::Array>()->Get(context, 0).ToLocal(&make) ||
      !made.As<v8::Array>()->Get(context, 1).ToLocal(&is_untouched)) {
    return nullptr;
  }
  functions.make.Reset(isolate_, make.As<v8::Function>());
  functions.is_untouched.Reset(isolate_, is_untouched.As<v8::Function>());
  return &functions;
}

v8::MaybeLocal<v8::Array> Program::values_of(std::span<const query::Row> rows) {
  const v8::Local<v8::Context> context = this->context();
  std::vector<v8::Local<v8::Value>> values;
  values.reserve(rows.size() * (rows.front().values.size() + 2));
  for (const query::Row& row : rows) {
    values.push_back(to_v8_string(isolate_, row.id));
    // Rows of models have none; what is undefined is not there.
    v8::Local<v8::Value> created = v8::Undefined(isolate_);
    if (row.table->model == nullptr) {
      created = v8::Number::New(isolate_, static_cast<double>(query::creation_time_of(row)));
    }
    values.push_back(created);
    for (const Value& field : row.values) {
      v8::Local<v8::Value> value;
      if (!to_v8(context, field).ToLocal(&value)) return {};
      values.push_back(value);
    }
  }
  return v8::Array::New(isolate_, values.data(), values.size());
}

v8::MaybeLocal<v8::Array> Program::make_documents(const schema::SchemaPtr& schema,
                                                  std::vector<query::Row> rows,
                                                  std::optional<MadeDocuments>* made) {
  v8::EscapableHandleScope scope(isolate_);
  const v8::Local<v8::Array> documents = v8::Array::New(isolate_);
  if (rows.empty()) return scope.Escape(documents);
  const TableFunctions* const functions = functions_of(schema, *rows.front().table);
  if (functions == nullptr) return {};
  const bool is_kept = made != nullptr && rows.size() <= kRowsPerChunk;
  for (std::size_t first = 0; first < rows.size(); first += kRowsPerChunk) {
    const v8::HandleScope chunk_scope(isolate_);
    const std::size_t count = std::min(kRowsPerChunk, rows.size() - first);
    v8::Local<v8::Array> values;
    if (!values_of(std::span(rows).subspan(first, count)).ToLocal(&values)) return {};
    std::array<v8::Local<v8::Value>, 3> args = {
        values, v8::Integer::NewFromUnsigned(isolate_, static_cast<std::uint32_t>(count)),
        documents};
    if (functions->make.Get(isolate_)
            ->Call(context(), v8::Undefined(isolate_), static_cast<int>(args.size()), args.data())
            .IsEmpty()) {
      return {};
    }
    if (is_kept) {
      made->emplace(MadeDocuments{.documents = v8::Global<v8::Array>(isolate_, documents),
                                  .values = v8::Global<v8::Array>(isolate_, values),
                                  .rows = {}});
    }
  }
  if (is_kept) (*made)->rows = std::move(rows);
  return scope.Escape(documents);
}

}  // namespace moonstone::runtime
