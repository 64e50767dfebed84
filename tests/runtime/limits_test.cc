// Moonstone. Licence: see LICENSE.
//
// Runaways: each is stopped with a clear error, and the same isolate then runs a normal call.
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

constexpr std::string_view kFunctions = R"js(
  normal: query(async (ctx, args) => { await null; return [1, 2].map((x) => x * 2); }),
  add: mutation(async (ctx, args) => ctx.db.insert("notes", { title: args.title })),
  titles: query(async (ctx) => (await ctx.db.query("notes").collect()).map((n) => n.title)),

  loop: query(() => { for (;;) {} }),
  microtasks: query(async () => { for (;;) await 0; }),
  regexp: query(() => /^(a+)+$/.test("a".repeat(60) + "b")),
  heap: query(() => { const all = []; for (;;) all.push({ x: [1, 2, 3], y: "y" + all.length }); }),
  strings: query(() => { let s = "ab"; const all = []; for (;;) { all.push([...s]); s += s; } }),
  hugeArray: query(() => Array.from({ length: 8e6 }, (x, i) => ({ i })).length),
  hugeFill: query(() => new Array(8e6).fill(1).map(String).length),
  buffer: query(() => new ArrayBuffer(4 * 1024 * 1024 * 1024).byteLength),
  buffers: query(() => { const all = []; for (;;) all.push(new Uint8Array(1 << 20)); }),
  buffersInTurn: query(() => { let n = 0; for (let i = 0; i < 500; i++)
    n += new Uint8Array(1 << 20).length; return n; }),
  never: query(() => new Promise(() => {})),
  neverAwait: query(async () => { await new Promise(() => {}); return 1; }),
  recursion: query(() => { const f = (n) => f(n + 1) + 1; return f(0); }),
  deep: query(() => { let o = {}; for (let i = 0; i < 1e5; i++) o = { o }; return o; }),
  catcher: query(() => { for (;;) { try { for (;;) {} } catch {} finally { for (;;) {} } } }),
  getter: query(() => ({ get x() { for (;;) {} } })),
  toJson: query(() => ({ toJSON() { for (;;) {} } })),
  thrower: query(() => { throw { get message() { for (;;) {} } }; }),
  message: query(() => { const e = new Error("x");
    Object.defineProperty(e, "message", { get() { for (;;) {} } }); throw e; }),
  generic: query(() => Array.prototype.indexOf.call({ length: 2 ** 53 - 1 }, 1)),
  longText: query(() => "x".repeat(2e8).split("").length),
  sparse: query(() => { const byId = []; byId[3e9] = 1; return byId.map((x) => x); }),
  sort: query(() => [3, 1, 2].sort(() => { for (;;) {} })),
  json: query(() => JSON.parse("[1]", () => { for (;;) {} })),

  inGet: query(async (ctx) => { for (;;) await ctx.db.get("notes:01JQ8Z3N6V0000000000000000"); }),
  inCollect: query(async (ctx) => { for (;;) await ctx.db.query("notes").collect(); }),
  inFilter: query(async (ctx) => ctx.db.query("notes").filter((q) => { for (;;) {} }).collect()),
  inGetMany: query(async (ctx) => {
    const ids = Array.from({ length: 100000 }, () => "notes:01JQ8Z3N6V0000000000000000");
    for (;;) await ctx.db.getMany(ids); }),
  afterWrite: mutation(async (ctx) => { await ctx.db.insert("notes", { title: "lost" });
    for (;;) {} }),
  writing: mutation(async (ctx) => { for (;;) await ctx.db.insert("notes", { title: "lost" }); }),
  inInsert: mutation(async (ctx) => ctx.db.insert("notes", { get title() { for (;;) {} } })),
  heapAfterWrite: mutation(async (ctx) => { await ctx.db.insert("notes", { title: "lost" });
    const all = []; for (;;) all.push({ x: [1, 2, 3] }); }),
)js";

struct Runaway {
  std::string_view name;
  std::string_view reason;
};

class RunawayTest : public RuntimeFixture, public testing::WithParamInterface<Runaway> {
 protected:
  void SetUp() override {
    // However fast the machine, only the limits under test may stop a call.
    engine_limits_.rows_read_max = engine_limits_.rows_written_max = UINT64_MAX;
    engine_limits_.bytes_read_max = engine_limits_.bytes_written_max = UINT64_MAX;
    limits_.heap_bytes_max = std::size_t{32} * 1024 * 1024;
    RuntimeFixture::SetUp();
    load(kFunctions);
  }
};

TEST_P(RunawayTest, IsStoppedAndTheIsolateGoesOn) {
  ASSERT_EQ(json_of(mutate("m:add", R"({"title":"kept"})")).substr(0, 7), "\"notes:");
  const std::string name = "m:" + std::string(GetParam().name);
  const bool is_mutation = bundle_->find(name)->kind == FunctionKind::Mutation;
  for (int round = 0; round < 2; ++round) {
    // Time only where time is what stops it.
    if (GetParam().reason == "time_limit") time_max_ = std::chrono::milliseconds(200);
    const auto outcome = is_mutation ? mutate(name) : query(name);
    EXPECT_EQ(reason_of(outcome), GetParam().reason) << error_of(outcome);
    time_max_ = std::chrono::seconds(20);
    EXPECT_EQ(json_of(query("m:normal")), "[2,4]");
    EXPECT_EQ(json_of(query("m:titles")), R"(["kept"])");
  }
  EXPECT_EQ(json_of(mutate("m:add", R"({"title":"next"})")).substr(0, 7), "\"notes:");
  EXPECT_EQ(json_of(query("m:titles")), R"(["kept","next"])");
}

INSTANTIATE_TEST_SUITE_P(All,
                         RunawayTest,
                         testing::Values(Runaway{"loop", "time_limit"},
                                         Runaway{"microtasks", "time_limit"},
                                         Runaway{"regexp", "time_limit"},
                                         Runaway{"heap", "heap_limit"},
                                         Runaway{"strings", "heap_limit"},
                                         Runaway{"hugeArray", "heap_limit"},
                                         Runaway{"hugeFill", "heap_limit"},
                                         Runaway{"buffer", "user_code"},
                                         Runaway{"buffers", "user_code"},
                                         Runaway{"never", "never_settles"},
                                         Runaway{"neverAwait", "never_settles"},
                                         Runaway{"recursion", "user_code"},
                                         Runaway{"deep", "user_code"},
                                         Runaway{"catcher", "time_limit"},
                                         Runaway{"getter", "time_limit"},
                                         Runaway{"toJson", "time_limit"},
                                         Runaway{"thrower", "user_code"},
                                         Runaway{"message", "time_limit"},
                                         Runaway{"generic", "user_code"},
                                         Runaway{"sparse", "user_code"},
                                         Runaway{"longText", "user_code"},
                                         Runaway{"sort", "time_limit"},
                                         Runaway{"json", "time_limit"},
                                         Runaway{"inGet", "time_limit"},
                                         Runaway{"inCollect", "time_limit"},
                                         Runaway{"inFilter", "time_limit"},
                                         Runaway{"inGetMany", "time_limit"},
                                         Runaway{"afterWrite", "time_limit"},
                                         Runaway{"writing", "time_limit"},
                                         Runaway{"inInsert", "time_limit"},
                                         Runaway{"heapAfterWrite", "heap_limit"}),
                         [](const auto& named) { return std::string(named.param.name); });

class LimitsTest : public RuntimeFixture {};

TEST_F(LimitsTest, ErrorsSayWhatWasExceeded) {
  limits_.heap_bytes_max = std::size_t{32} * 1024 * 1024;
  SetUp();
  load(kFunctions);
  EXPECT_EQ(error_of(query("m:heap")),
            R"("m:heap" used more than 32 MiB of memory and was stopped)");
  EXPECT_EQ(error_of(query("m:recursion")), "Maximum call stack size exceeded");
  EXPECT_EQ(error_of(query("m:buffer")), "Array buffer allocation failed");
  EXPECT_THAT(error_of(query("m:never")), testing::HasSubstr("use an action"));
  time_max_ = std::chrono::milliseconds(100);
  EXPECT_THAT(error_of(query("m:loop")),
              testing::MatchesRegex(R"("m:loop" ran longer than [0-9]+ ms and was stopped)"));
}

TEST_F(LimitsTest, CallWithoutTimeLeftDoesNotStart) {
  load(kFunctions);
  time_max_ = std::chrono::milliseconds(-1);
  EXPECT_EQ(reason_of(query("m:normal")), "time_limit");
}

TEST_F(LimitsTest, BuffersMayBeUsedAgainOnceTheyAreGarbage) {
  load(kFunctions);
  EXPECT_EQ(json_of(query("m:buffersInTurn")), std::to_string(500U << 20U));
}

TEST_F(LimitsTest, BundleThatNeverFinishesLoadingIsRefused) {
  const auto bundle = load_bundle(bundle_source("x: (() => { for (;;) {} })()"));
  ASSERT_FALSE(bundle);
  EXPECT_EQ(bundle.error().reason(), "time_limit");
  EXPECT_THAT(bundle.error().message(), testing::HasSubstr("loading the functions"));
}

TEST_F(LimitsTest, OnlyTheLatestBundlesStayEvaluated) {
  std::vector<BundlePtr> bundles;
  for (int i = 0; i < 6; ++i) {
    load("id: query(() => " + std::to_string(i) + "), calls: query(() => ++count)",
         std::string(kNotesSchema) + "let count = 0;");
    bundles.push_back(bundle_);
    EXPECT_EQ(json_of(query("m:calls")), "1");
  }
  EXPECT_EQ(json_of(query("m:calls")), "2");  // still evaluated
  bundle_ = bundles[0];
  EXPECT_EQ(json_of(query("m:id")), "0");
  EXPECT_EQ(json_of(query("m:calls")), "1");  // evaluated again
}

}  // namespace
}  // namespace moonstone::runtime
