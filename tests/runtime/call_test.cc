// Moonstone. Licence: see LICENSE.
//
// Calls of queries and mutations: results, errors, validation, console, identity.
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

class CallTest : public RuntimeFixture {};

TEST_F(CallTest, SyncAndAsyncHandlersReturnTheirResult) {
  load(R"js(
    sync: query((ctx, args) => args.x + 1),
    later: query(async (ctx, args) => { await null; return { x: args.x }; }),
    nothing: query(() => {}),
    empty: query(() => null),
  )js");
  EXPECT_EQ(json_of(query("m:sync", R"({"x":1})")), "2");
  EXPECT_EQ(json_of(query("m:later", R"({"x":[1,"é€😀"]})")), R"({"x":[1,"é€😀"]})");
  EXPECT_EQ(json_of(query("m:nothing")), "(undefined)");
  EXPECT_EQ(json_of(query("m:empty")), "null");
}

TEST_F(CallTest, ResultsFollowTheRulesOfJsonStringify) {
  load(R"js(
    all: query(() => ({ u: undefined, a: [undefined, NaN, Infinity, -0], d: new Date(0),
                        m: new Map([[1, 2]]), f() {}, b: new Uint8Array([1, 2, 3]).buffer,
                        w: new Uint8Array([0, 1, 2, 3]).subarray(1) })),
    big: query(() => ({ x: 1n })),
    circle: query(() => { const o = {}; o.o = o; return o; }),
    surrogate: query(() => "a\ud800b"),
  )js");
  EXPECT_EQ(
      json_of(query("m:all")),
      R"({"a":[null,null,null,0],"d":"1970-01-01T00:00:00.000Z","m":{},"b":"AQID","w":"AQID"})");
  EXPECT_EQ(error_of(query("m:big")), "Do not know how to serialize a BigInt");
  EXPECT_THAT(error_of(query("m:circle")), testing::HasSubstr("circular"));
  EXPECT_EQ(json_of(query("m:surrogate")), R"("a\ud800b")");
}

TEST_F(CallTest, ThrownErrorsGiveTheirMessageAndAnythingElseUnknownError) {
  load(R"js(
    error: query(() => { throw new TypeError("no such thing"); }),
    later: query(async () => { await null; throw new Error("too late"); }),
    text: query(() => { throw "just text"; }),
    nothing: query(() => { throw null; }),
    own: query(() => {
      class MyError extends Error {
        constructor(m) { super(m); this.name = "MyError"; this.message = m + "!"; this.code = 7; }
      }
      throw new MyError("mine");
    }),
    evil: query(() => { const e = new Error("x");
      Object.defineProperty(e, "message", { get() { throw 1; } }); throw e; }),
  )js");
  EXPECT_EQ(error_of(query("m:error")), "no such thing");
  EXPECT_EQ(reason_of(query("m:error")), "user_code");
  EXPECT_EQ(error_of(query("m:later")), "too late");
  EXPECT_EQ(error_of(query("m:text")), "Unknown error");
  EXPECT_EQ(error_of(query("m:nothing")), "Unknown error");
  EXPECT_EQ(error_of(query("m:own")), "mine!");
  EXPECT_EQ(error_of(query("m:evil")), "Unknown error");
}

TEST_F(CallTest, ReturnValuesAreChecked) {
  load(R"js(
    good: query(() => [1, 2], {}, v.array(v.number())),
    bad: query(() => [1, "2"], {}, v.array(v.number())),
    none: query(() => undefined, {}, v.string()),
    loose: query(() => ({ when: new Date(0), f() {} }), {}, v.any()),
    bytes: query(() => new ArrayBuffer(2), {}, v.bytes()),
  )js");
  EXPECT_EQ(json_of(query("m:good")), "[1,2]");
  EXPECT_EQ(error_of(query("m:bad")),
            R"(Return value validation failed for "m:bad": Expected number, got string)");
  EXPECT_EQ(reason_of(query("m:bad")), "validation");
  EXPECT_EQ(error_of(query("m:none")),
            R"(Return value validation failed for "m:none": Expected string, got undefined)");
  EXPECT_EQ(json_of(query("m:loose")), R"({"when":"1970-01-01T00:00:00.000Z"})");
  EXPECT_EQ(json_of(query("m:bytes")), R"("AAA=")");
}

TEST_F(CallTest, TooLargeResultIsRefused) {
  limits_.result_bytes_max = 1000;
  SetUp();
  load(R"js(long: query((ctx, args) => "x".repeat(args.n)),)js");
  EXPECT_EQ(json_of(query("m:long", R"({"n":998})")).size(), 1000U);
  EXPECT_EQ(reason_of(query("m:long", R"({"n":999})")), "result_bytes");
}

TEST_F(CallTest, ConsoleLinesAreKeptPerCall) {
  load(R"js(
    log: query(() => {
      console.log("a", 1, { b: [1, "x"], c: null }, new Map([["k", 1]]));
      console.warn("%s has %d items", "cart", 3);
      console.error(new Error("seen"));
      console.debug(undefined, 1n, () => {}, Symbol("s"));
      const self = {}; self.self = self; console.log(self);
    }),
    flood: query(() => { for (let i = 0; i < 10000; i++) console.log("x".repeat(10000)); }),
  )js");
  auto outcome = query("m:log");
  ASSERT_TRUE(outcome) << error_of(outcome);
  ASSERT_EQ(outcome->console.size(), 5U);
  EXPECT_EQ(outcome->console[0].text, "a 1 { b: [ 1, 'x' ], c: null } Map(1) { 'k' => 1 }");
  EXPECT_EQ(outcome->console[1].text, "cart has 3 items");
  EXPECT_EQ(outcome->console[1].level, LogLevel::Warn);
  EXPECT_THAT(outcome->console[2].text, testing::StartsWith("Error: seen\n    at "));
  EXPECT_EQ(outcome->console[3].text, "undefined 1n [Function (anonymous)] Symbol(s)");
  EXPECT_EQ(outcome->console[4].text, "{ self: [Circular *1] }");
  outcome = query("m:flood");
  ASSERT_TRUE(outcome) << error_of(outcome);
  EXPECT_EQ(outcome->console.size(), limits_.log_lines_max + 1);
  EXPECT_LT(outcome->console[0].text.size(), 9000U);
}

TEST_F(CallTest, ForgottenAwaitOfAFailingCallIsReported) {
  load(R"js(
    forgets: mutation(async (ctx) => { ctx.db.insert("notes", { title: 5 }); return 1; }),
    handles: mutation(async (ctx) => {
      const inserted = ctx.db.insert("notes", { title: 5 });
      await null;
      await inserted.catch(() => {});
    }),
  )js");
  auto outcome = mutate("m:forgets");
  ASSERT_EQ(json_of(outcome), "1");
  ASSERT_EQ(outcome->console.size(), 1U);
  EXPECT_EQ(outcome->console[0].level, LogLevel::Error);
  EXPECT_THAT(outcome->console[0].text,
              testing::StartsWith("Nobody handles this error (is an `await` missing?): Expected "
                                  "string, got number\nat "));
  outcome = mutate("m:handles");
  ASSERT_TRUE(outcome) << error_of(outcome);
  EXPECT_TRUE(outcome->console.empty());
}

TEST_F(CallTest, IdentityIsReadOnDemand) {
  load(R"js(
    who: query(async (ctx) => ctx.auth.getUserIdentity()),
    other: query(() => 1),
  )js");
  EXPECT_EQ(json_of(query("m:who")), "null");
  session_.identity = Object{{"subject", "u1"}, {"email", "a@b"}};
  auto outcome = query("m:who");
  EXPECT_EQ(json_of(outcome), R"({"subject":"u1","email":"a@b"})");
  EXPECT_TRUE(outcome->read_identity);
  EXPECT_FALSE(query("m:other")->read_identity);
}

TEST_F(CallTest, TheContextHoldsWhatItsKindMayUse) {
  load(R"js(
    keys: query((ctx) => [Object.keys(ctx).sort(), Object.keys(ctx.db).sort()]),
    more: mutation((ctx) => [Object.keys(ctx).sort(), Object.keys(ctx.db).sort()]),
    write: query(async (ctx) => ctx.db.insert("notes", { title: "x" })),
    later: mutation(async (ctx) => ctx.scheduler.runAfter(0, "m:keys")),
  )js");
  EXPECT_EQ(json_of(query("m:keys")),
            R"([["auth","db","now","storage"],["get","getMany","query"]])");
  EXPECT_EQ(json_of(mutate("m:more")),
            R"([["auth","db","now","scheduler","storage"],)"
            R"(["delete","get","getMany","insert","patch","query","replace"]])");
  EXPECT_EQ(error_of(query("m:write")), "ctx.db.insert is not a function");
  EXPECT_THAT(error_of(mutate("m:later")), testing::HasSubstr("deploy a project first"));
}

TEST_F(CallTest, ContextOfAnEarlierCallIsRefused) {
  load(R"js(
    keep: query((ctx) => { globalThis.x; kept.ctx = ctx; }),
    use: query(async () => kept.ctx.db.get("notes:1")),
  )js",
       std::string(kNotesSchema) + "const kept = {};");
  EXPECT_EQ(json_of(query("m:keep")), "(undefined)");
  EXPECT_THAT(error_of(query("m:use")), testing::HasSubstr("after its call had ended"));
}

}  // namespace
}  // namespace moonstone::runtime
