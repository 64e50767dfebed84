// Moonstone. Licence: see LICENSE.
//
// How rows should become JavaScript objects: four ways to make 50 documents of five fields, under
// four shapes of handler, up to the JSON text of the result; and what it gives to write untouched
// documents from their rows. The README of src/runtime has the figures.
// Run: ninja -C build/release documents_bench && build/release/bench/documents_bench
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <v8.h>

#include "runtime/internal/convert.h"
#include "runtime/internal/machine.h"
#include "runtime/internal/platform.h"
#include "runtime/internal/program.h"
#include "schema/schema.h"
#include "schema/type.h"

namespace moonstone::runtime {
namespace {

constexpr int kRows = 50;
constexpr int kWidth = 7;  // _id, _creationTime and five fields
constexpr std::array<const char*, kWidth> kNames = {"_id",     "_creationTime", "author", "body",
                                                    "channel", "likes",         "pinned"};

constexpr std::array<const char*, 4> kHandlers = {
    "(docs) => docs",                                   // pass through
    "(docs) => docs.map((d) => d.body)",                // read one field
    "(docs) => docs.map((d) => ({ ...d, extra: 1 }))",  // spread
    "(docs) => docs.sort((a, b) => b.likes - a.likes).map((d) => d.author + d.body)",
};

/// A row as the store hands it over.
struct SourceRow {
  std::string id = "messages:01JQ8Z3N6V0000000000000000";
  double created = 1'700'000'000'000;
  std::string author = "Ada Lovelace";
  std::string body = "The engine weaves algebraic patterns just as the loom weaves flowers.";
  std::string channel = "channels:01JQ8Z3N6V0000000000000001";
  double likes = 0;
  bool pinned = false;
};

v8::Local<v8::Value> value_of(v8::Isolate* isolate, const SourceRow& row, int field) {
  switch (field) {
    case 0:
      return to_v8_string(isolate, row.id);
    case 1:
      return v8::Number::New(isolate, row.created);
    case 2:
      return to_v8_string(isolate, row.author);
    case 3:
      return to_v8_string(isolate, row.body);
    case 4:
      return to_v8_string(isolate, row.channel);
    case 5:
      return v8::Number::New(isolate, row.likes);
    default:
      return v8::Boolean::New(isolate, row.pinned);
  }
}

class Bench {
 public:
  Bench() {
    start_v8();
    allocator_.reset(v8::ArrayBuffer::Allocator::NewDefaultAllocator());
    v8::Isolate::CreateParams params;
    params.array_buffer_allocator = allocator_.get();
    isolate = v8::Isolate::New(params);
    rows.resize(kRows);
    for (std::size_t i = 0; i < rows.size(); ++i)
      rows[i].likes = static_cast<double>(i * 7 % 50);
  }
  ~Bench() {
    forget_isolate(isolate);
    isolate->Dispose();
  }
  Bench(const Bench&) = delete;
  Bench& operator=(const Bench&) = delete;

  v8::Local<v8::Function> compile(v8::Local<v8::Context> context, const std::string& text) const {
    return v8::Script::Compile(context, to_v8_string(isolate, text))
        .ToLocalChecked()
        ->Run(context)
        .ToLocalChecked()
        .As<v8::Function>();
  }

  v8::Isolate* isolate = nullptr;
  std::vector<SourceRow> rows;

 private:
  std::unique_ptr<v8::ArrayBuffer::Allocator> allocator_;
};

/// Makes the documents of one way; set up once per context.
class Maker {
 public:
  explicit Maker(Bench& bench, v8::Local<v8::Context> context) : bench_(bench), context_(context) {
    for (const char* name : kNames)
      names_.push_back(to_v8_name(bench.isolate, name));
  }
  virtual ~Maker() = default;
  virtual v8::Local<v8::Value> make() = 0;

 protected:
  Bench& bench_;
  v8::Local<v8::Context> context_;
  std::vector<v8::Local<v8::Name>> names_;
};

/// (a) v8::Object::New with names and values.
class EagerMaker final : public Maker {
 public:
  using Maker::Maker;
  v8::Local<v8::Value> make() override {
    std::vector<v8::Local<v8::Value>> documents;
    for (const SourceRow& row : bench_.rows) {
      std::array<v8::Local<v8::Value>, kWidth> values;
      for (int i = 0; i < kWidth; ++i) {
        values[static_cast<std::size_t>(i)] = value_of(bench_.isolate, row, i);
      }
      documents.push_back(
          v8::Object::New(bench_.isolate, prototype_, names_.data(), values.data(), values.size()));
    }
    return v8::Array::New(bench_.isolate, documents.data(), documents.size());
  }

 private:
  v8::Local<v8::Value> prototype_ = v8::Object::New(bench_.isolate)->GetPrototype();
};

/// (b) a constructor function of the table, entered once per row.
class ConstructorMaker final : public Maker {
 public:
  using Maker::Maker;
  v8::Local<v8::Value> make() override {
    std::vector<v8::Local<v8::Value>> documents;
    for (const SourceRow& row : bench_.rows) {
      std::array<v8::Local<v8::Value>, kWidth> values;
      for (int i = 0; i < kWidth; ++i) {
        values[static_cast<std::size_t>(i)] = value_of(bench_.isolate, row, i);
      }
      documents.push_back(
          make_->Call(context_, v8::Undefined(bench_.isolate), kWidth, values.data())
              .ToLocalChecked());
    }
    return v8::Array::New(bench_.isolate, documents.data(), documents.size());
  }

 private:
  v8::Local<v8::Function> make_ = bench_.compile(
      context_,
      "((a, b, c, d, e, f, g) => ({ _id: a, _creationTime: b, author: c, body: d, channel: e, "
      "likes: f, pinned: g }))");
};

/// (c) one flat array of values, and a function of the table that makes all documents.
class BatchMaker final : public Maker {
 public:
  using Maker::Maker;
  v8::Local<v8::Value> make() override {
    std::vector<v8::Local<v8::Value>> values;
    values.reserve(bench_.rows.size() * kWidth);
    for (const SourceRow& row : bench_.rows) {
      for (int i = 0; i < kWidth; ++i)
        values.push_back(value_of(bench_.isolate, row, i));
    }
    std::array<v8::Local<v8::Value>, 2> args = {
        v8::Array::New(bench_.isolate, values.data(), values.size()),
        v8::Integer::New(bench_.isolate, kRows)};
    return make_->Call(context_, v8::Undefined(bench_.isolate), 2, args.data()).ToLocalChecked();
  }

 private:
  v8::Local<v8::Function> make_ = bench_.compile(
      context_,
      "((v, n) => { const out = []; for (let k = 0, i = 0; k < n; k++, i += 7) out.push({ _id: "
      "v[i], _creationTime: v[i + 1], author: v[i + 2], body: v[i + 3], channel: v[i + 4], likes: "
      "v[i + 5], pinned: v[i + 6] }); return out; })");
};

/// (d) an object of a template over the row; a field is made when it is first read.
class LazyMaker final : public Maker {
 public:
  LazyMaker(Bench& bench, v8::Local<v8::Context> context) : Maker(bench, context) {
    template_ = v8::ObjectTemplate::New(bench.isolate);
    template_->SetInternalFieldCount(1);
    for (int i = 0; i < kWidth; ++i) {
      template_->SetLazyDataProperty(names_[static_cast<std::size_t>(i)], read_field,
                                     v8::Integer::New(bench.isolate, i));
    }
  }
  v8::Local<v8::Value> make() override {
    std::vector<v8::Local<v8::Value>> documents;
    for (SourceRow& row : bench_.rows) {
      const v8::Local<v8::Object> document = template_->NewInstance(context_).ToLocalChecked();
      document->SetAlignedPointerInInternalField(0, &row);
      documents.push_back(document);
    }
    return v8::Array::New(bench_.isolate, documents.data(), documents.size());
  }

 private:
  static void read_field(v8::Local<v8::Name>, const v8::PropertyCallbackInfo<v8::Value>& info) {
    const auto* const row =
        static_cast<SourceRow*>(info.Holder()->GetAlignedPointerFromInternalField(0));
    info.GetReturnValue().Set(
        value_of(info.GetIsolate(), *row, info.Data().As<v8::Int32>()->Value()));
  }
  v8::Local<v8::ObjectTemplate> template_;
};

template <class MakerType>
void documents(benchmark::State& state) {
  Bench bench;
  const v8::Isolate::Scope isolate_scope(bench.isolate);
  const v8::HandleScope handles(bench.isolate);
  const v8::Local<v8::Context> context = v8::Context::New(bench.isolate);
  const v8::Context::Scope context_scope(context);
  MakerType maker(bench, context);
  const auto handler = bench.compile(context, kHandlers[static_cast<std::size_t>(state.range(0))]);
  for (auto _ : state) {
    const v8::HandleScope scope(bench.isolate);
    v8::Local<v8::Value> made = maker.make();
    const auto result =
        handler->Call(context, v8::Undefined(bench.isolate), 1, &made).ToLocalChecked();
    const auto json = v8::JSON::Stringify(context, result).ToLocalChecked();
    benchmark::DoNotOptimize(to_text(bench.isolate, json));
  }
}

BENCHMARK(documents<EagerMaker>)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);
BENCHMARK(documents<ConstructorMaker>)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);
BENCHMARK(documents<BatchMaker>)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);
BENCHMARK(documents<LazyMaker>)->DenseRange(0, 3)->Unit(benchmark::kMicrosecond);

/// The runtime's own way from rows to the text of the result, with and without the shortcut for
/// untouched documents. Arguments: the handler, rows, bytes of the longest text.
enum class Shortcut : unsigned char { No, Yes };

schema::SchemaPtr bench_schema() {
  auto schema = std::make_shared<schema::Schema>();
  schema::Table& table = schema->tables.emplace_back();
  table.name = "messages";
  const auto add = [&](const char* name, schema::TypeKind kind) {
    schema::Field& field = table.fields.emplace_back();
    field.name = name;
    field.type = schema::Type::scalar(kind);
  };
  add("author", schema::TypeKind::String);
  add("body", schema::TypeKind::String);
  add("channel", schema::TypeKind::String);
  add("likes", schema::TypeKind::Number);
  add("pinned", schema::TypeKind::Boolean);
  return schema;
}

std::vector<query::Row> bench_rows(const schema::Schema& schema,
                                   std::size_t count,
                                   std::size_t text_bytes) {
  std::vector<query::Row> rows;
  for (std::size_t i = 0; i < count; ++i) {
    const SourceRow source;
    std::string body = source.body;
    body.resize(text_bytes, 'x');
    rows.push_back({.table = schema.tables.data(),
                    .number = static_cast<std::int64_t>(i),
                    .id = source.id,
                    .values = {source.author, std::move(body), source.channel,
                               static_cast<double>(i * 7 % 50), false}});
  }
  return rows;
}

template <Shortcut shortcut>
void results(benchmark::State& state) {
  const Machine machine{RuntimeLimits()};
  v8::Isolate* const isolate = machine.isolate();
  const v8::Isolate::Scope isolate_scope(isolate);
  const v8::HandleScope handles(isolate);
  const auto program =
      *Program::evaluate(isolate, {.code = "var __moonstone = { modules: {} };", .source_map = {}});
  const v8::Local<v8::Context> context = program->context();
  const v8::Context::Scope context_scope(context);
  const schema::SchemaPtr schema = bench_schema();
  const auto rows = bench_rows(*schema, static_cast<std::size_t>(state.range(1)),
                               static_cast<std::size_t>(state.range(2)));
  const auto handler =
      v8::Script::Compile(
          context, to_v8_string(isolate, kHandlers[static_cast<std::size_t>(state.range(0))]))
          .ToLocalChecked()
          ->Run(context)
          .ToLocalChecked()
          .As<v8::Function>();
  for (auto _ : state) {
    const v8::HandleScope scope(isolate);
    std::optional<MadeDocuments> made;
    v8::Local<v8::Value> documents =
        program->make_documents(schema, rows, shortcut == Shortcut::Yes ? &made : nullptr)
            .ToLocalChecked();
    const auto result =
        handler->Call(context, v8::Undefined(isolate), 1, &documents).ToLocalChecked();
    std::vector<MadeDocuments> reads;
    if (made) reads.push_back(*std::move(made));
    std::optional<std::string> json = program->untouched_json(result, reads);
    if (!json) {
      json = to_text(isolate, v8::JSON::Stringify(context, result).ToLocalChecked());
    }
    benchmark::DoNotOptimize(json);
  }
}

void shapes(benchmark::internal::Benchmark* bench) {
  bench->ArgsProduct({{0, 1, 2, 3}, {10, 50}, {69, 2000}})->Unit(benchmark::kMicrosecond);
}
BENCHMARK(results<Shortcut::No>)->Apply(shapes);
BENCHMARK(results<Shortcut::Yes>)->Apply(shapes);

}  // namespace
}  // namespace moonstone::runtime
