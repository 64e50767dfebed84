// Moonstone. Licence: see LICENSE.
//
// What user code finds around itself: frozen intrinsics, frozen time, seeded randomness, no
// network.
#include <thread>

#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

class EnvironmentTest : public RuntimeFixture {
 protected:
  std::string eval(std::string_view body) {
    load("q: query(async (ctx, args) => {" + std::string(body) + "}),");
    return json_of(query("m:q"));
  }
};

TEST_F(EnvironmentTest, TimeStandsStill) {
  EXPECT_EQ(eval(R"js(
    const before = Date.now();
    for (let i = 0; i < 1e6; i++) Math.sqrt(i);
    return [before === Date.now(), new Date().getTime(), ctx.now, Date() === String(new Date()),
      performance.now() === performance.now(), performance.timeOrigin,
      new Intl.DateTimeFormat("en", { timeZone: "UTC" }).format(), new Date(5).getTime(),
      new Date() instanceof Date];
  )js"),
            R"([true,1700000000000,1700000000000,true,true,1700000000000,"11/14/2023",5,true])");
}

TEST_F(EnvironmentTest, TimeAtLoadIsTheSameEverywhere) {
  load("q: query(() => [loaded, random]),",
       std::string(kNotesSchema) + "const loaded = Date.now(); const random = Math.random();");
  const std::string first = json_of(query("m:q"));
  EXPECT_EQ(first.substr(0, 3), "[0,");
  isolate_ = *Isolate::create(limits_);
  EXPECT_EQ(json_of(query("m:q")), first);
}

TEST_F(EnvironmentTest, RandomnessFollowsTheSeed) {
  load(R"js(q: query(() => [Math.random(), Math.random(), crypto.randomUUID(),
      [...crypto.getRandomValues(new Uint8Array(4))]]),
    range: query(() => { for (let i = 0; i < 1e5; i++) { const x = Math.random();
      if (!(x >= 0 && x < 1)) return x; } return "ok"; }),
    mean: query(() => { let sum = 0; for (let i = 0; i < 1e5; i++) sum += Math.random();
      return Math.abs(sum / 1e5 - 0.5) < 0.01; }),)js");
  const std::string first = json_of(query("m:q"));
  EXPECT_THAT(first, testing::HasSubstr("-4"));  // version 4
  EXPECT_EQ(json_of(query("m:q")), first);
  seed_ = 43;
  EXPECT_NE(json_of(query("m:q")), first);
  seed_ = 0;
  EXPECT_EQ(json_of(query("m:range")), R"("ok")");
  EXPECT_EQ(json_of(query("m:mean")), "true");
}

TEST_F(EnvironmentTest, WhatActionsHaveIsRefusedWithTheWayOut) {
  load(R"js(q: query((ctx, args) => globalThis[args.name](() => {}, 1)),
    types: query(() => [typeof process, typeof require, typeof WebAssembly,
      typeof SharedArrayBuffer,
      typeof Atomics, typeof WeakRef, typeof FinalizationRegistry]),
    eval: query(() => (0, eval)("1 + 1")), direct: query(() => eval("1 + 1")),
    make: query(() => new Function("return 1")()),
    hidden: query(() => (async () => {}).constructor("return 1")()),)js");
  EXPECT_EQ(error_of(query("m:q", R"({"name":"setTimeout"})")),
            "setTimeout is not available in queries and mutations: use ctx.scheduler.runAfter in a "
            "mutation, or an action");
  EXPECT_THAT(error_of(query("m:q", R"({"name":"fetch"})")), testing::HasSubstr("use an action"));
  EXPECT_EQ(
      json_of(query("m:types")),
      R"(["undefined","undefined","undefined","undefined","undefined","undefined","undefined"])");
  for (const std::string name : {"m:eval", "m:direct", "m:make", "m:hidden"}) {
    EXPECT_THAT(error_of(query(name)),
                testing::HasSubstr("eval and new Function are not available"));
  }
}

TEST_F(EnvironmentTest, IntrinsicsAreFrozen) {
  EXPECT_EQ(eval(R"js(
    "use strict";
    const attempts = [
      () => { Array.prototype.map = 1; }, () => { Object.prototype.leak = 1; },
      () => { globalThis.leak = 1; }, () => { Math.random = 1; }, () => { JSON.parse = 1; },
      () => { delete Array.prototype.push; }, () => { Object.setPrototypeOf(Array.prototype, {}); },
      () => { Promise.prototype.then = 1; }, () => { RegExp.escape = 1; },
      () => { Object.getPrototypeOf(function* () {}).leak = 1; },
      () => { Object.getPrototypeOf([].values()).next = 1; },
      () => { Object.getPrototypeOf(async () => {}).constructor.leak = 1; },
      () => { console.log = 1; }, () => { Error.prototype.toString = 1; },
      () => { Object.prototype.toString = 1; }, () => { Date.now = 1; },
      () => { Object.getPrototypeOf(ctx.db.query("notes")).collect = 1; },
      () => { TextEncoder.prototype.encode = 1; }, () => { Symbol.iterator.x = 1; },
      () => { Object.getPrototypeOf(Int8Array).from = 1; }, () => { String.prototype.at = 1; },
    ];
    return attempts.map((f, i) => { try { f(); return i; } catch (e) {
      return e instanceof TypeError ? "" : e; } }).filter((x) => x !== "");
  )js"),
            "[]");
}

TEST_F(EnvironmentTest, ChangedRegExpDoesNotOutliveItsCall) {
  load(R"js(change: query(() => { RegExp.prototype.exec = () => null; delete RegExp.prototype.test;
      return "ab".replace(/b/, "c"); }),
    use: query(() => ["ab".replace(/b/, "c"), /b/.test("b")]),)js");
  EXPECT_EQ(json_of(query("m:change")), R"("ab")");
  EXPECT_EQ(json_of(query("m:use")), R"(["ac",true])");
}

TEST_F(EnvironmentTest, GuardedBuiltinsBehaveAsBefore) {
  EXPECT_EQ(eval(R"js(
    "use strict";
    const attempt = (f) => { try { return f(); } catch (e) { return e.constructor.name; } };
    return [[1, 2, 3].map(function (x) { return x * this.k; }, { k: 2 }), [1, 2].indexOf(2, 5),
      [1, 2, 1].lastIndexOf(1), [1, 2, 1].lastIndexOf(1, -2), [1, 2].reduce((a, b) => a + b),
      [].reduce((a, b) => a, "start"), attempt(() => [].reduce(() => 1)), [1, [2]].join(),
      [1].map.length,
      [1].indexOf.length, [1].slice.name, [3, 1].sort(), [1, 2, 3].splice(1), [1, 2, 3].splice(),
      [1, 2].includes(NaN), [1, NaN].includes(NaN), [1, 2, 3].slice(-2), "a-b".split("-"),
      "aa".replaceAll("a", "b"), attempt(() => Array.prototype.map.call(null, () => 1)),
      Array.from({ length: 2 }, (x, i) => i), class L extends Array {}.from([1]) instanceof Array,
      Array.prototype.map.call("ab", (c) => c + c)];
  )js"),
            R"([[2,4,6],-1,2,0,3,"start","TypeError","1,2",1,1,"slice",[1,3],[2,3],[],false,true,)"
            R"([2,3],["a","b"],"bb","TypeError",[0,1],true,["aa","bb"]])");
}

TEST_F(EnvironmentTest, AssigningInheritedNamesStillWorks) {
  EXPECT_EQ(
      eval(R"js(
    "use strict";
    class MyError extends Error {
      constructor(m) { super(m); this.name = "MyError"; this.message = m + "!"; }
    }
    const e = new MyError("x");
    const o = {}; o.toString = () => "o"; o.constructor = 1; o.valueOf = () => 7;
    o.hasOwnProperty = 2;
    const a = []; a.toString = () => "a";
    function Old() {} Old.prototype = Object.create(Error.prototype);
    Old.prototype.constructor = Old;
    Old.prototype.name = "Old";
    const f = () => {}; f.toString = () => "f";
    const bare = new Error(); bare.message = "late";
    return [e.name, e.message, String(e), `${o}`, o + 1, o.constructor, String(a), new Old().name,
      `${f}`, bare.message, Object.keys(o), e instanceof MyError, e instanceof Error,
      Object.prototype.toString.call([]), ({}).constructor === Object, String(new TypeError("t"))];
  )js"),
      R"(["MyError","x!","MyError: x!","o",8,1,"a","Old","f","late",)"
      R"(["toString","constructor","valueOf","hasOwnProperty"],true,true,"[object Array]",true,)"
      R"("TypeError: t"])");
}

TEST_F(EnvironmentTest, ModulesMayInstallPolyfillsWhileTheyLoad) {
  load("q: query(() => [1, 2, 3].last3()),",
       std::string(kNotesSchema) + "Array.prototype.last3 = function () { return this[2]; };");
  EXPECT_EQ(json_of(query("m:q")), "3");
}

TEST_F(EnvironmentTest, EncodingsAndClones) {
  EXPECT_EQ(eval(R"js(
    const clone = structuredClone({ a: [1, new Date(5)], m: new Map([[1, 2]]) });
    let late = 0; queueMicrotask(() => { late = 1; }); await null; await null;
    let text; try { structuredClone(() => {}); } catch (e) { text = typeof e.message; }
    return [btoa("a\xff"), atob("Yf8="), [...new TextEncoder().encode("é€")],
      new TextDecoder().decode(new Uint8Array([195, 169])), clone.a[1].getTime(), clone.m.get(1),
      late, text];
  )js"),
            R"(["Yf8=","aÿ",[195,169,226,130,172],"é",5,2,1,"string"])");
}

TEST_F(EnvironmentTest, TwoThreadsHaveTheirOwnTimeAndSeed) {
  load(
      "q: query(async () => { const all = []; for (let i = 0; i < 100; i++) { await null; "
      "all.push(Date.now(), Math.random()); } return all; }),");
  const auto run = [this](std::int64_t now, std::uint64_t seed) {
    auto isolate = *Isolate::create(limits_);
    std::string all;
    for (int i = 0; i < 20; ++i) {
      Call call;
      call.function = bundle_->find("m:q");
      call.now_unix_ms = now;
      call.random_seed = seed;
      const std::string json = json_of(isolate->run(bundle_, call));
      EXPECT_TRUE(all.empty() || all == json);
      all = json;
    }
    EXPECT_THAT(all, testing::StartsWith("[" + std::to_string(now) + ","));
    return all;
  };
  std::string first;
  std::string second;
  std::thread one([&] { first = run(1000, 1); });
  std::thread two([&] { second = run(2000, 2); });
  one.join();
  two.join();
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace moonstone::runtime
