// Moonstone. Licence: see LICENSE.
// Actions in real workers: values, ctx, errors, limits, cancellation.

#include <cmath>
#include <limits>
#include <stop_token>
#include <string>

#include <gmock/gmock.h>

#include "tests/runtime/actions/pool_fixture.h"

namespace moonstone::actions {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;

class ActionTest : public PoolTest {
 protected:
  /// A bundle of one module with these members, each an action's handler.
  void define(const std::string& handlers) {
    program_ = program(
        "const action = (handler) => ({ _type: \"action\", handler });\n"
        "export const modules = { m: {" +
        handlers + "} };\n");
  }
};

TEST_F(ActionTest, RunsWithArgumentsAndAnswers) {
  define("add: action(async (ctx, { a, b }) => ({ sum: a + b, now: ctx.now }))");
  EXPECT_EQ(shown(run("add", Object{{"a", 1}, {"b", 2}})), R"({"sum":3,"now":1234})");
}

TEST_F(ActionTest, ResultsFollowTheRulesOfJson) {
  define(R"(
    nothing: action(async () => {}),
    odd: action(async () => ({ u: undefined, l: [undefined, NaN, Infinity], d: new Date(0),
                               m: new Map([[1, 2]]), f() {}, "$x": 1 })),
    wrapped: action(async () => ({ "$bytes": "AAE=" })),
    bytes: action(async () => new Uint8Array([0, 1])),
    big: action(async () => ({ n: 1n })),
  )");
  EXPECT_EQ(shown(run("nothing")), "undefined");
  EXPECT_EQ(shown(run("odd")),
            R"({"l":[null,null,null],"d":"1970-01-01T00:00:00.000Z","m":{},"$x":1})");
  EXPECT_EQ(shown(run("wrapped")), R"({"$bytes":"AAE="})");
  EXPECT_EQ(shown(run("bytes")), R"("AAE=")");
  EXPECT_EQ(shown(run("big")), "error: Do not know how to serialize a BigInt");
}

TEST_F(ActionTest, ArgumentsKeepWhatJsonCannotCarry) {
  define(R"(kinds: action(async (ctx, args) => Object.fromEntries(Object.entries(args).map(
      ([k, x]) => [k, x instanceof ArrayBuffer ? [...new Uint8Array(x)] : typeof x + " " + x]))))");
  const Value args = Object{{"big", std::int64_t{9007199254740993}},
                            {"small", 7},
                            {"nan", std::numeric_limits<double>::quiet_NaN()},
                            {"bytes", Bytes{"\x01\x02"}}};
  EXPECT_EQ(shown(run("kinds", args)),
            R"({"big":"bigint 9007199254740993","small":"number 7","nan":"number NaN",)"
            R"("bytes":[1,2]})");
}

TEST_F(ActionTest, CallsFunctionsByNameAndByReference) {
  define(R"(
    calls: action(async (ctx) => [
      await ctx.runQuery("a:q"),
      await ctx.runMutation({ _name: "a:m" }, { x: 1, u: undefined }),
      await ctx.runAction("a:a", { b: new Uint8Array([255]), n: 10n }),
      (await ctx.runQuery("nothing")) === undefined,
    ]),
    missing: action((ctx) => ctx.runQuery("missing")),
    caught: action((ctx) => ctx.runQuery("missing").catch((e) => "caught " + e.message)),
    wrong: action((ctx) => ctx.runQuery(7)),
  )");
  EXPECT_EQ(
      shown(run("calls")),
      R"([["query","a:q",{}],["mutation","a:m",{"x":1}],["action","a:a",{"b":"/w==","n":10}],)"
      R"(true])");
  EXPECT_EQ(shown(run("missing")), "error: Query not found: missing");
  EXPECT_EQ(shown(run("caught")), R"("caught Query not found: missing")");
  EXPECT_THAT(shown(run("wrong")), HasSubstr("ctx.runQuery: expected a function name"));
}

TEST_F(ActionTest, SchedulesAndStores) {
  define(R"(all: action(async (ctx) => [
      await ctx.scheduler.runAfter(5, "a:b", { x: 1 }),
      await ctx.scheduler.runAt(99, { _name: "a:c" }, undefined, { r: 1 }),
      await ctx.scheduler.cancel("job:1"),
      await ctx.storage.getUrl("_storage/1"),
      await ctx.storage.getMetadata("_storage/1"),
      await ctx.storage.delete("_storage/1"),
      await ctx.storage.generateUploadUrl(),
      await ctx.storage.store(new Blob(["x".repeat(300000)], { type: "text/plain" })),
      await ctx.auth.getUserIdentity(),
    ]),
    bad: action((ctx) => ctx.scheduler.runAfter("soon", "a:b")))");
  EXPECT_EQ(shown(run("all")),
            R"(["job:1","job:1",null,"http://x/_storage/1",null,null,"http://x/upload",)"
            R"("stored 300000",null])");
  EXPECT_EQ(shown(run("bad")), R"("job:1")");  // the server checks the parameters
  EXPECT_THAT(services_->notes(),
              ElementsAre(R"(after 5 "a:b" {"x":1} null)", R"(at 99 {"_name":"a:c"} null {"r":1})",
                          "cancel job:1", "delete _storage/1", "store text/plain 300000",
                          R"(after "soon" "a:b" null null)"));
}

TEST_F(ActionTest, ThrownErrorsKeepTheirMessageAndStack) {
  define(R"(
    fails: action(async function boom() { throw new TypeError("wrong") }),
    text: action(() => { throw "text" }),
  )");
  const auto failed = run("fails");
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "wrong");
  EXPECT_EQ(failed.error().reason(), "user_code");
  EXPECT_THAT(failed.error().stack(), HasSubstr("boom"));
  EXPECT_EQ(shown(run("text")), "error: Unknown error");
}

TEST_F(ActionTest, SeesTheEnvironmentThatItWasGivenAndNoOther) {
  ASSERT_EQ(::setenv("MOONSTONE_SECRET_OF_TEST", "1", 1), 0);
  define(R"(env: action(() => [process.env.GREETING, "MOONSTONE_SECRET_OF_TEST" in process.env]))");
  EXPECT_EQ(shown(run("env")), R"(["hello",false])");
}

TEST_F(ActionTest, LinesComeHomeUnderTheirCall) {
  define(R"(logs: action(async () => {
    console.log("a %s", "b", { c: 1 });
    await new Promise((r) => setTimeout(r, 1));
    console.error("logged");
  }))");
  EXPECT_EQ(shown(run("logs")), "undefined");
  services_->logged.take();
  EXPECT_THAT(services_->notes(), ElementsAre("info: a b { c: 1 }", "error: logged"));
}

TEST_F(ActionTest, TheSignalTellsThatTheCallerHasGone) {
  define(R"(waits: action(async (ctx) => {
    ctx.signal.addEventListener("abort", () => console.log("logged"));
    await ctx.runAction("wait");
  }))");
  std::stop_source caller;
  auto answer = start("waits", Object(), caller.get_token());
  EXPECT_EQ(services_->asked.take(), "wait");
  caller.request_stop();
  const auto result = answer.take();
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::Cancelled);
  services_->stopped.take();  // what it asked for is stopped as well
  services_->logged.take();
}

TEST_F(ActionTest, ACallThatTakesTooLongIsAnsweredAndForgotten) {
  PoolOptions few = options();
  few.call_max = std::chrono::milliseconds(500);
  open(few);
  define(R"(
    hangs: action((ctx) => new Promise(() => ctx.signal.addEventListener("abort", () => {
      ctx.runQuery("a:b").catch((e) => console.log("refused: " + e.message));
      setTimeout(() => console.log("logged"), 5);
    }))),
    works: action(() => 1),
  )");
  const auto result = run("hangs");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::DeadlineExceeded);
  EXPECT_THAT(result.error().message(), HasSubstr("m:hangs: it took longer than 500 ms"));
  // On a busy machine the time is short for a worker that starts, too.
  auto works = run("works");
  for (int attempt = 0; attempt < 50 && !works; ++attempt)
    works = run("works");
  EXPECT_EQ(shown(works), "1");
}

TEST_F(ActionTest, ManyCallsRunAtOnce) {
  define(R"(meets: action(async (ctx, { n }) => {
    globalThis.here = (globalThis.here ?? 0) + 1;
    while (globalThis.here < 3) await new Promise((r) => setTimeout(r, 1));
    return n;
  }))");
  auto a = start("meets", Object{{"n", 1}});
  auto b = start("meets", Object{{"n", 2}});
  auto c = start("meets", Object{{"n", 3}});
  EXPECT_EQ(shown(c.take()) + shown(b.take()) + shown(a.take()), "321");
}

TEST_F(ActionTest, ThereIsALimitOfCalls) {
  PoolOptions few = options();
  few.calls_max = 1;
  open(few);
  define(R"(waits: action((ctx) => ctx.runAction("wait")))");
  auto first = start("waits");
  services_->asked.take();
  const auto second = run("waits");
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::LimitExceeded);
  pool_.reset();
  EXPECT_EQ(first.take().error().code(), ErrorCode::Cancelled);
}

TEST_F(ActionTest, ALargeResultIsRefused) {
  PoolOptions few = options();
  few.result_bytes_max = 1000;
  open(few);
  define(R"(large: action(() => "x".repeat(1001)), fits: action(() => "x".repeat(900)))");
  EXPECT_THAT(shown(run("large")), HasSubstr("the result is larger than 1000 bytes"));
  EXPECT_TRUE(run("fits"));
}

TEST_F(ActionTest, NewProgramsRunInNewWorkers) {
  define("v: action(() => [1, process.pid])");
  const auto first = run("v");
  ASSERT_TRUE(first);
  EXPECT_EQ(*first, *run("v")) << "one worker serves one call after the other";
  program_ =
      program("export const modules = { m: { v: { handler: () => [2, process.pid] } } }", "2");
  const auto second = run("v");
  ASSERT_TRUE(second);
  EXPECT_EQ(to_json(second->as_array()[0]), "2");
  EXPECT_NE(first->as_array()[1], second->as_array()[1]);
}

TEST_F(ActionTest, WithoutNodeTheErrorSaysWhatToDo) {
  PoolOptions without = options();
  without.node = folder_ + "/no-such-node";
  open(without);
  define("a: action(() => 1)");
  const auto result = run("a");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "node_missing");
  EXPECT_THAT(result.error().message(), HasSubstr("actions.node"));
}

}  // namespace
}  // namespace moonstone::actions
