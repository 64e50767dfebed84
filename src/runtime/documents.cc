// Moonstone. Licence: see LICENSE.
//
// Rows as JavaScript objects. C++ hands the values of many rows over as one flat array, and a
// function that is generated for the table makes the objects: V8 then knows their shape, and
// entering JavaScript costs once per chunk instead of once per row. The README has the figures.
#include <algorithm>
#include <array>
#include <string>

#include <fmt/core.h>

#include "base/json.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/program.h"

namespace moonstone::runtime {
namespace {

/// Rows per entry into JavaScript: bounds the handles that are alive at once, and is where a
/// stopped call notices it.
constexpr std::size_t kRowsPerChunk = 256;

/// A name as a key of an object literal; __proto__ would otherwise set the prototype.
std::string key_text(std::string_view name) {
  std::string quoted;
  write_json_string(name, quoted);
  return name == "__proto__" ? fmt::format("[{}]", quoted) : quoted;
}

/// JavaScript that appends `count` documents, whose values follow each other in `v`, to `out`.
/// Fields that may be absent are set only if they are there, all in the order of the schema.
std::string maker_text(const schema::Table& table) {
  std::string literal = R"("_id": v[i], "_creationTime": v[i + 1])";
  std::string rest;
  for (std::size_t i = 0; i < table.fields.size(); ++i) {
    const schema::Field& field = table.fields[i];
    const std::string value = fmt::format("v[i + {}]", i + 2);
    if (!field.type->is_optional() && rest.empty()) {
      literal += fmt::format(", {}: {}", key_text(field.name), value);
      continue;
    }
    std::string quoted;
    write_json_string(field.name, quoted);
    const std::string set =
        field.name == "__proto__"
            ? fmt::format(
                  "Object.defineProperty(d, {}, {{ value: {}, writable: true, enumerable: "
                  "true, configurable: true }});",
                  quoted, value)
            : fmt::format("d[{}] = {};", quoted, value);
    rest += fmt::format("if ({} !== undefined) {}\n", value, set);
  }
  return fmt::format(
      "\"use strict\"; return (v, count, out) => {{\n"
      "for (let k = 0, i = 0; k < count; k++, i += {}) {{\n"
      "const d = {{ {} }};\n{}out.push(d);\n}}\n}};",
      table.fields.size() + 2, literal, rest);
}

}  // namespace

v8::MaybeLocal<v8::Function> Program::maker_of(const schema::SchemaPtr& schema,
                                               const schema::Table& table) {
  if (makers_schema_ != schema) {
    makers_.clear();
    makers_schema_ = schema;
  }
  v8::Global<v8::Function>& cached = makers_[&table];
  if (!cached.IsEmpty()) return cached.Get(isolate_);
  const v8::Local<v8::Context> context = this->context();
  const v8::ScriptOrigin origin(isolate_, to_v8_string(isolate_, kPreludeFile));
  v8::ScriptCompiler::Source source(to_v8_string(isolate_, maker_text(table)), origin);
  v8::Local<v8::Function> factory;
  v8::Local<v8::Value> maker;
  if (!v8::ScriptCompiler::CompileFunctionInContext(context, &source, 0, nullptr, 0, nullptr)
           .ToLocal(&factory) ||
      !factory->Call(context, v8::Undefined(isolate_), 0, nullptr).ToLocal(&maker)) {
    return {};
  }
  cached.Reset(isolate_, maker.As<v8::Function>());
  return maker.As<v8::Function>();
}

v8::MaybeLocal<v8::Array> Program::make_documents(const schema::SchemaPtr& schema,
                                                  const schema::Table& table,
                                                  const std::vector<query::Row>& rows) {
  v8::EscapableHandleScope scope(isolate_);
  const v8::Local<v8::Context> context = this->context();
  v8::Local<v8::Function> maker;
  if (!maker_of(schema, table).ToLocal(&maker)) return {};
  const v8::Local<v8::Array> documents = v8::Array::New(isolate_);
  std::vector<v8::Local<v8::Value>> values;
  for (std::size_t first = 0; first < rows.size(); first += kRowsPerChunk) {
    const v8::HandleScope chunk_scope(isolate_);
    const std::size_t count = std::min(kRowsPerChunk, rows.size() - first);
    values.clear();
    for (std::size_t i = first; i < first + count; ++i) {
      const query::Row& row = rows[i];
      values.push_back(to_v8_string(isolate_, row.id));
      values.push_back(
          v8::Number::New(isolate_, static_cast<double>(query::creation_time_of(row))));
      for (const Value& field : row.values) {
        v8::Local<v8::Value> value;
        if (!to_v8(context, field).ToLocal(&value)) return {};
        values.push_back(value);
      }
    }
    std::array<v8::Local<v8::Value>, 3> args = {
        v8::Array::New(isolate_, values.data(), values.size()),
        v8::Integer::NewFromUnsigned(isolate_, static_cast<std::uint32_t>(count)), documents};
    if (maker->Call(context, v8::Undefined(isolate_), static_cast<int>(args.size()), args.data())
            .IsEmpty()) {
      return {};
    }
  }
  return scope.Escape(documents);
}

}  // namespace moonstone::runtime
