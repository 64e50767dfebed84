// Moonstone. Licence: see LICENSE.
//
// What one call costs above its reads: the source hands over rows from memory. `allocations` are
// those of our own code per call, the copies of rows that the source hands over among them.
#include <cstdint>
#include <cstdlib>
#include <new>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "base/json.h"
#include "runtime/isolate.h"

namespace {
thread_local std::uint64_t allocations = 0;
}  // namespace

void* operator new(std::size_t size) {
  ++allocations;
  if (void* const memory = std::malloc(size)) return memory;
  std::abort();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace moonstone::runtime {
namespace {

constexpr std::string_view kBundle = R"js(var __moonstone = (() => {
  const query = (handler) => ({ _type: "query", handler });
  const s = { type: "string" }, n = { type: "number" };
  return {
    schema: { tables: { messages: { fields: { author: s, body: s, channel: s, likes: n,
                                              pinned: { type: "boolean" } }, indexes: [] } } },
    modules: { m: {
      nothing: query(() => 1),
      later: query(async () => { await null; return 1; }),
      take: query(async (ctx) => ctx.db.query("messages").take(10)),
      filter: query(async (ctx) => ctx.db.query("messages")
        .filter((q) => q.and(q.eq(q.field("channel"), "c"), q.gt(q.field("likes"), 3))).take(10)),
      sort: query(async (ctx) => (await ctx.db.query("messages").collect())
        .sort((a, b) => b.likes - a.likes).map((d) => d.author + d.body)),
      regexp: query(() => { let n = 0; for (let i = 0; i < 1000; i++)
        n += "some text with words".replace(/w[a-z]+/g, "x").length; return n; }),
      arrays: query(() => { let n = 0; for (let i = 0; i < 1000; i++)
        n += [1, 2, 3, 4].map((x) => x + 1).filter((x) => x > 2).slice(1).concat([7]).length;
        return n; }),
      maps: query(() => { const m = new Map(); for (let i = 0; i < 1000; i++) m.set("k" + i, i);
        let n = 0; for (const [k, v] of m) n += v; return n + [...m.keys()].length; }),
      awaits: query(async () => { let n = 0; for (let i = 0; i < 1000; i++) n += await i;
        return n; }),
    } },
  };
})();)js";

class MemorySource final : public store::DocumentSource {
 public:
  explicit MemorySource(schema::SchemaPtr schema) : schema_(std::move(schema)) {
    for (int i = 0; i < 50; ++i) {
      rows_.push_back(
          {.table = &schema_->tables[0],
           .number = i,
           .id = "messages:01JQ8Z3N6V0000000000000000",
           .values = {
               "Ada Lovelace", "The engine weaves algebraic patterns as the loom weaves flowers.",
               "channels:01JQ8Z3N6V0000000000000001", static_cast<double>(i * 7 % 50), false}});
    }
  }
  schema::SchemaPtr schema() const override { return schema_; }
  std::string_view secret() const override { return "bench"; }
  Result<std::optional<query::Row>> get(const schema::Table&,
                                        std::string_view,
                                        store::ReadBudget&) override {
    return std::optional(rows_.front());
  }
  Result<std::vector<query::Row>> select(const query::Query& query, store::ReadBudget&) override {
    const auto count = std::min<std::size_t>(rows_.size(), query.limit.value_or(rows_.size()));
    return std::vector<query::Row>(rows_.begin(),
                                   rows_.begin() + static_cast<std::ptrdiff_t>(count));
  }
  Result<std::uint64_t> count(const query::Query&, store::ReadBudget&) override {
    return rows_.size();
  }
  Result<store::CompiledStatementPtr> compile(const query::Select&) override {
    return Error(ErrorCode::Unimplemented, "documents only");
  }
  Result<query::RowSet> read(const store::CompiledStatement&,
                             std::span<const Value>,
                             store::ReadBudget&) override {
    return Error(ErrorCode::Unimplemented, "documents only");
  }

 private:
  schema::SchemaPtr schema_;
  std::vector<query::Row> rows_;
};

void call(benchmark::State& state, const char* name, Isolation isolation = Isolation::User) {
  const BundlePtr bundle = *load_bundle({.code = std::string(kBundle), .source_map = {}});
  MemorySource source(std::make_shared<const schema::Schema>(bundle->schema));
  const auto isolate = *Isolate::create({.isolation = isolation});
  const engine::Session session;
  const std::uint64_t allocations_before = allocations;
  for (auto _ : state) {
    engine::DocumentReader reader(source, {});
    Call call{.function = bundle->find(name),
              .args = Object(),
              .reader = &reader,
              .transaction = nullptr,
              .session = &session,
              .now_unix_ms = 1'700'000'000'000,
              .random_seed = 1,
              .deadline = std::chrono::steady_clock::now() + std::chrono::seconds(1)};
    auto outcome = isolate->run(bundle, call);
    if (!outcome) state.SkipWithError(outcome.error().message().c_str());
  }
  state.counters["allocations"] = benchmark::Counter(
      static_cast<double>(allocations - allocations_before), benchmark::Counter::kAvgIterations);
}

BENCHMARK_CAPTURE(call, nothing, "m:nothing");
BENCHMARK_CAPTURE(call, later, "m:later");
BENCHMARK_CAPTURE(call, take10, "m:take");
BENCHMARK_CAPTURE(call, filter10, "m:filter");
BENCHMARK_CAPTURE(call, sort50, "m:sort");
/// Each call in modules of its own, as small as those of a bundle can be.
BENCHMARK_CAPTURE(call, alone, "m:nothing", Isolation::Call);
BENCHMARK_CAPTURE(call, regexp1000, "m:regexp");
BENCHMARK_CAPTURE(call, arrays1000, "m:arrays");
BENCHMARK_CAPTURE(call, maps1000, "m:maps");
BENCHMARK_CAPTURE(call, awaits1000, "m:awaits");

void load(benchmark::State& state) {
  const BundlePtr bundle = *load_bundle({.code = std::string(kBundle), .source_map = {}});
  for (auto _ : state) {
    const auto isolate = *Isolate::create(RuntimeLimits());
    Call call{.function = bundle->find("m:nothing"),
              .args = Object(),
              .reader = nullptr,
              .transaction = nullptr,
              .session = nullptr,
              .now_unix_ms = 0,
              .random_seed = 1,
              .deadline = {}};
    benchmark::DoNotOptimize(isolate->run(bundle, call));
  }
}
/// A new isolate, the bundle in it, and its first call.
BENCHMARK(load)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace moonstone::runtime
