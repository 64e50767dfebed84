// Moonstone. Licence: see LICENSE.
//
// What one call leaves behind must not meet a call of another user: in the global object, in
// variables and objects of modules, on exports, in closures that wait, in RegExp's own memory.
#include <array>

#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

/// Each place is written by m:leave and read by m:find; the state of modules is in `kState`.
constexpr std::string_view kState = R"js(
  let variable;
  const map = new Map(), set = new Set(), weak = new WeakMap(), array = [], object = {};
  const key = {}, bytes = new Uint8Array(1), date = new Date(0);
  class Exported { #hidden; static hide(o, x) { o.#hidden = x; } static seek(o) { return o.#hidden; } }
  const instance = new Exported();
  const waiting = [];
  const counter = (() => { let n = 0; return () => n++; })();
  function exported() {}
)js";

constexpr std::string_view kFunctions = R"js(
  Exported, exported, map,
  leave: query(async (ctx, { secret }) => {
    const attempts = [
      () => { globalThis.leak = secret; },
      () => { Object.defineProperty(globalThis, "leak", { value: secret }); },
      () => { console.leak = secret; },
      () => { ctx.db.query("notes").collect.leak = secret; },
      () => { ctx.db.query("notes").filter((q) => { q.eq.leak = secret; return q.eq(1, 1); }); },
      () => { variable = secret; }, () => { map.set("x", secret); }, () => { set.add(secret); },
      () => { weak.set(key, secret); }, () => { array.push(secret); }, () => { object.x = secret; },
      () => { bytes[0] = secret.length; }, () => { date.setTime(secret.length); },
      () => { Exported.leak = secret; }, () => { Exported.prototype.leak = secret; },
      () => { Exported.hide(instance, secret); }, () => { exported.leak = secret; },
      () => { exported.prototype.leak = secret; }, () => { m.find.leak = secret; },
      () => { m.leave.handler.leak = secret; }, () => { m.added = secret; },
      () => { waiting.push(() => secret); }, () => { counter(); },
      () => { new Promise((resolve) => { waiting.push(resolve); }).then(() => {
        variable = secret; }); },
      () => { RegExp.prototype.leak = secret; },
      () => { Object.setPrototypeOf(RegExp.prototype, { leak2: secret }); },
      () => { Object.defineProperty(RegExp.prototype, "flags", { get: () => secret }); },
      () => { /s.*/.exec(secret); },
    ];
    for (const attempt of attempts) { try { attempt(); } catch {} }
    return "left";
  }),
  find: query((ctx) => {
    const builder = ctx.db.query("notes");
    let eq; builder.filter((q) => { eq = q.eq; return q.eq(1, 1); });
    for (const f of waiting) f("");
    return [typeof globalThis.leak, typeof console.leak, typeof builder.collect.leak,
      typeof eq.leak, typeof variable, map.size, set.size, weak.has(key), array.length,
      Object.keys(object), bytes[0], date.getTime(), typeof Exported.leak, typeof instance.leak,
      typeof Exported.seek(instance), typeof exported.leak, typeof new exported().leak,
      typeof m.find.leak, typeof m.leave.handler.leak, typeof m.added, waiting.length, counter(),
      typeof /x/.leak, typeof /x/.leak2, /x/g.flags, RegExp.lastMatch, RegExp.input]
      .join();
  }),
)js";

constexpr std::string_view kClean =
    R"("undefined,undefined,undefined,undefined,undefined,0,0,false,0,,0,0,undefined,undefined,)"
    R"(undefined,undefined,undefined,undefined,undefined,undefined,0,0,undefined,undefined,g,,")";

class IsolationTest : public RuntimeFixture {
 protected:
  void load_with(Isolation isolation,
                 std::string_view functions,
                 std::string_view state,
                 std::size_t contexts = RuntimeLimits().contexts_max) {
    limits_.isolation = isolation;
    limits_.contexts_max = contexts;
    SetUp();
    load(functions, std::string(kNotesSchema) + std::string(state));
  }

  void become(std::string_view name) {
    session_.identity = name.empty() ? Value() : Value(Object({{"subject", Value(name)}}));
  }

  std::string leave() { return json_of(query("m:leave", R"({"secret":"secret"})")); }
  std::string find() { return json_of(query("m:find")); }
};

TEST_F(IsolationTest, NothingOfAUserReachesAnother) {
  load_with(Isolation::User, kFunctions, kState);
  become("ada");
  EXPECT_EQ(leave(), R"("left")");
  become("bob");
  EXPECT_EQ(find(), kClean);
  become("");
  EXPECT_EQ(find(), kClean);
}

TEST_F(IsolationTest, NothingOfAnAnonymousCallReachesAUser) {
  load_with(Isolation::User, kFunctions, kState);
  EXPECT_EQ(leave(), R"("left")");
  become("ada");
  EXPECT_EQ(find(), kClean);
}

TEST_F(IsolationTest, ModulesOfAUserKeepTheirState) {
  load_with(Isolation::User, "count: query(() => ++n), first: query(() => 1),", "let n = 0;");
  const auto count = [&](std::string_view user) {
    become(user);
    return json_of(query("m:count"));
  };
  EXPECT_EQ(count("ada"), "1");
  EXPECT_EQ(count("bob"), "1");
  EXPECT_EQ(count("ada"), "2");
  EXPECT_EQ(count(""), "1");
  EXPECT_EQ(count("bob"), "2");
  EXPECT_EQ(count(""), "2");
}

TEST_F(IsolationTest, OfManyUsersTheOldestLoseTheirState) {
  load_with(Isolation::User, "count: query(() => ++n),", "let n = 0;");
  for (int round = 0; round < 2; ++round) {
    for (int user = 0; user < 100; ++user) {
      become(std::to_string(user));
      EXPECT_EQ(json_of(query("m:count")), "1");
    }
  }
}

TEST_F(IsolationTest, NoCallMeetsAnotherIfAskedFor) {
  load_with(Isolation::Call, kFunctions, kState);
  EXPECT_EQ(find(), kClean);
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(leave(), R"("left")");
    EXPECT_EQ(find(), kClean);
  }
}

TEST_F(IsolationTest, ModulesAreSharedIfAskedFor) {
  load_with(Isolation::Shared, "count: query(() => ++n),", "let n = 0;");
  EXPECT_EQ(json_of(query("m:count")), "1");
  become("ada");
  EXPECT_EQ(json_of(query("m:count")), "2");
}

// Modules that put objects into the global object or onto intrinsics cannot share a context.
TEST_F(IsolationTest, ModulesThatChangeIntrinsicsGetAContextForEachUser) {
  for (const std::string_view state :
       {"globalThis.found = globalThis.found || new Map();",
        "globalThis.found = Array.prototype.found = Math.found = new Map();",
        "const map = new Map(); if (![].found) Array.prototype.found = () => map;"
        "if (!globalThis.found) globalThis.found = [].found();"}) {
    SCOPED_TRACE(state);
    load_with(Isolation::User,
              "add: query(() => { found.set(found.size, 1); return found.size; }),", state);
    become("ada");
    EXPECT_EQ(json_of(query("m:add")), "1");
    EXPECT_EQ(json_of(query("m:add")), "2");
    become("bob");
    EXPECT_EQ(json_of(query("m:add")), "1");
    become("ada");
    EXPECT_EQ(json_of(query("m:add")), "1");
  }
}

TEST_F(IsolationTest, ModulesLoadAlikeForEveryUser) {
  load_with(Isolation::User, "q: query(() => [loaded, random]),",
            "const loaded = Date.now(); const random = Math.random();");
  become("ada");
  const std::string first = json_of(query("m:q"));
  EXPECT_EQ(first.substr(0, 3), "[0,");
  become("bob");
  EXPECT_EQ(json_of(query("m:q")), first);
}

TEST_F(IsolationTest, ASecondCopyThatThrowsIsReplacedByANewContext) {
  load_with(Isolation::User, "count: query(() => ++n),", "let n = 0; globalThis.version = 1;");
  become("ada");
  EXPECT_EQ(json_of(query("m:count")), "1");
  become("bob");
  EXPECT_EQ(json_of(query("m:count")), "1");
  EXPECT_EQ(json_of(query("m:count")), "2");
}

TEST_F(IsolationTest, AStoppedCallTakesAllCopiesWithIt) {
  load_with(Isolation::User, "count: query(() => ++n), loop: query(() => { for (;;); }),",
            "let n = 0;");
  become("ada");
  EXPECT_EQ(json_of(query("m:count")), "1");
  become("bob");
  time_max_ = std::chrono::milliseconds(20);
  EXPECT_EQ(reason_of(query("m:loop")), "time_limit");
  time_max_ = std::chrono::milliseconds(20'000);
  become("ada");
  EXPECT_EQ(json_of(query("m:count")), "1");
}

}  // namespace
}  // namespace moonstone::runtime
