// Moonstone. Licence: see LICENSE.
//
// ctx.db: documents, queries, writes, and the values that pass through it.
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

class ContextDatabaseTest : public RuntimeFixture {
 protected:
  /// Loads one query `q` and one mutation `w` with these bodies, plus `fill`.
  void load_bodies(std::string_view query_body, std::string_view mutation_body = "return null;") {
    std::string functions = R"js(
      fill: mutation(async (ctx) => {
        const ids = [];
        for (const [title, rank] of [["b", 2], ["a", 1], ["c", undefined], ["d", 2]]) {
          ids.push(await ctx.db.insert("notes", { title, rank }));
        }
        return ids;
      }),
      q: query(async (ctx, args) => {)js";
    functions += query_body;
    functions += "}), w: mutation(async (ctx, args) => {";
    functions += mutation_body;
    functions += "}),";
    load(functions);
  }
  std::string titles(std::string_view chain) {
    load_bodies("return (await ctx.db.query('notes')" + std::string(chain) +
                ".collect()).map((n) => n.title).join('');");
    return json_of(query("m:q"));
  }
  std::string written(std::string_view body) {
    load_bodies("", body);
    return json_of(mutate("m:w"));
  }
};

TEST_F(ContextDatabaseTest, DocumentsHaveTheirFieldsInOrder) {
  load_bodies("return ctx.db.query('notes').collect();");
  ASSERT_TRUE(mutate("m:fill"));
  const auto outcome = query("m:q");
  EXPECT_THAT(json_of(outcome),
              testing::MatchesRegex(
                  R"(\[\{"_id":"notes:[0-9A-Z]+","_creationTime":1700000000000,"title":"b",)"
                  R"("rank":2\},.*\{"_id":"notes:[0-9A-Z]+","_creationTime":1700000000000,)"
                  R"("title":"c"\},.*\])"));
  ASSERT_EQ(footprint_.size(), 1U);
  EXPECT_EQ(footprint_[0].table, "notes");
}

TEST_F(ContextDatabaseTest, GetAndGetMany) {
  load_bodies(R"js(
    const [a, b] = args.ids;
    const gone = "notes:01JQ8Z3N6V0000000000000000";
    const title = (d) => d && d.title;
    const many = (map) => [...map].map(([id, d]) => [id === gone ? "gone" : "id", title(d)]);
    return [title(await ctx.db.get(a)), title(await ctx.db.get("notes", b)), await ctx.db.get(gone),
            many(await ctx.db.getMany(b, a, gone)), many(await ctx.db.getMany([a])),
            many(await ctx.db.getMany("notes", [gone, b])), many(await ctx.db.getMany())];
  )js");
  const std::string ids = json_of(mutate("m:fill"));
  EXPECT_EQ(json_of(query("m:q", R"({"ids":)" + ids + "}")),
            R"(["b","a",null,[["id","a"],["id","b"],["gone",null]],[["id","b"]],)"
            R"([["gone",null],["id","a"]],[]])");
}

TEST_F(ContextDatabaseTest, UnknownTablesAreNamed) {
  load_bodies("return ctx.db[args.how](args.what);");
  const std::string_view text =
      R"(Table "nope" is not defined in your schema. Available tables: notes)";
  EXPECT_EQ(error_of(query("m:q", R"({"how":"get","what":"nope:1"})")), text);
  load_bodies("return ctx.db.query('nope').collect();");
  const auto outcome = query("m:q");
  EXPECT_EQ(error_of(outcome), text);
  EXPECT_EQ(outcome.error().code(), ErrorCode::NotFound);
  EXPECT_THAT(outcome.error().stack(), testing::HasSubstr("bundle.js:"));
}

TEST_F(ContextDatabaseTest, OrdersAndIndexes) {
  load_bodies("");
  ASSERT_TRUE(mutate("m:fill"));
  EXPECT_EQ(titles(""), R"("bacd")");
  EXPECT_EQ(titles(".order('desc')"), R"("dcab")");
  EXPECT_EQ(titles(".orderBy('title')"), R"("abcd")");
  EXPECT_EQ(titles(".orderBy('title', 'desc')"), R"("dcba")");
  EXPECT_EQ(titles(".orderBy('rank')"), R"("cabd")");
  EXPECT_EQ(titles(".orderBy('rank').order('desc')"), R"("dbac")");
  EXPECT_EQ(titles(".orderBy('_creationTime', 'desc')"), R"("dcab")");
  EXPECT_EQ(titles(".withIndex('by_rank')"), R"("cabd")");
  EXPECT_EQ(titles(".withIndex('by_rank').order('desc')"), R"("dbac")");
  EXPECT_EQ(titles(".withIndex('by_rank', (q) => q.gte('rank', 2))"), R"("bd")");
  EXPECT_EQ(titles(".withIndex('by_rank', (q) => q.eq('rank', undefined))"), R"("c")");
  EXPECT_EQ(titles(".withIndex('by_rank', (q) => q.gt('rank', 0).lt('rank', 2))"), R"("a")");
  EXPECT_EQ(titles(".withIndex('by_title_rank', (q) => q.eq('title', 'd').lte('rank', 5))"),
            R"("d")");
  EXPECT_EQ(titles(".withIndex('by_creation_time').order('desc')"), R"("dcab")");
  EXPECT_EQ(titles(".withIndex('nope')"), R"(ERROR Index "nope" not found on table "notes")");
}

TEST_F(ContextDatabaseTest, Filters) {
  load_bodies("");
  ASSERT_TRUE(mutate("m:fill"));
  const auto filtered = [this](std::string_view condition) {
    return titles(".filter((q) => " + std::string(condition) + ")");
  };
  EXPECT_EQ(filtered("q.eq(q.field('rank'), 2)"), R"("bd")");
  EXPECT_EQ(filtered("q.neq(q.field('rank'), 2)"), R"("a")");
  EXPECT_EQ(filtered("q.not(q.eq(q.field('rank'), 2))"), R"("a")");
  EXPECT_EQ(filtered("q.eq(q.field('rank'), undefined)"), R"("c")");
  EXPECT_EQ(filtered("q.eq(null, q.field('rank'))"), R"("c")");
  EXPECT_EQ(filtered("q.and()"), R"("bacd")");
  EXPECT_EQ(filtered("q.or()"), R"("")");
  EXPECT_EQ(filtered("q.or(q.lt(q.field('rank'), 2), q.eq('d', q.field('title')))"), R"("ad")");
  EXPECT_EQ(filtered("q.gt(q.field('rank'), 1n)"), R"("bd")");
  EXPECT_THAT(filtered("true"), testing::HasSubstr(".filter() needs a condition"));
  EXPECT_THAT(filtered("q.eq(q.field('rank'), new Date())"), testing::HasSubstr("date.getTime()"));
  EXPECT_THAT(filtered("q.eq(q.eq(1, 1), true)"), testing::HasSubstr("q.eq()"));
  EXPECT_THAT(filtered("{ let e = q.and(); for (let i = 0; i < 70; i++) e = q.not(e); return e; }"),
              testing::HasSubstr("64 levels"));
  EXPECT_THAT(filtered("q.or(...Array.from({ length: 700 }, () => q.eq(1, 1)))"),
              testing::HasSubstr("2000 parts"));
}

TEST_F(ContextDatabaseTest, Terminals) {
  load_bodies(R"js(
    const q = () => ctx.db.query("notes");
    const rank = (n) => q().withIndex("by_rank", (r) => r.eq("rank", n));
    const message = async (promise) => promise.then(() => "none", (e) => e.message);
    return [(await q().first()).title, await rank(9).first(), (await rank(1).unique()).title,
            await message(rank(9).unique()), await message(rank(2).unique()),
            (await q().take(2)).length, await q().take(0), (await q().take(100)).length,
            await message(q().take(-1)), await message(q().take(1.5)),
            await q().count(), await rank(2).count(),
            await q().filter((f) => f.gt(f.field("rank"), 1)).count()];
  )js");
  ASSERT_TRUE(mutate("m:fill"));
  EXPECT_EQ(json_of(query("m:q")),
            R"(["b",null,"a","Expected exactly one result, got none",)"
            R"("Expected exactly one result, got multiple",2,[],4,)"
            R"(".take() needs a whole number of 0 or more, got -1",)"
            R"(".take() needs a whole number of 0 or more, got 1.5",4,2,2])");
}

TEST_F(ContextDatabaseTest, IndexAndSearchExcludeEachOther) {
  load_bodies("return ctx.db.query('notes').withIndex('by_rank').search('title', 'x').collect();");
  EXPECT_EQ(error_of(query("m:q")), ".search() cannot be combined with .withIndex()");
}

TEST_F(ContextDatabaseTest, PagesFollowEachOther) {
  load_bodies(R"js(
    const pages = [];
    let cursor = null;
    do {
      const page = await ctx.db.query("notes").orderBy("rank", args.dir)
        .paginate({ cursor, numItems: args.n });
      pages.push(page.page.map((n) => n.title).join("") + (page.isDone ? "." : ""));
      cursor = page.continueCursor;
    } while (cursor !== null);
    return pages;
  )js");
  ASSERT_TRUE(mutate("m:fill"));
  EXPECT_EQ(json_of(query("m:q", R"({"dir":"asc","n":1})")), R"(["c","a","b","d."])");
  EXPECT_EQ(json_of(query("m:q", R"({"dir":"desc","n":3})")), R"(["dba","c."])");
  EXPECT_EQ(json_of(query("m:q", R"({"dir":"asc","n":4})")), R"(["cabd."])");
  EXPECT_EQ(json_of(query("m:q", R"({"dir":"asc","n":0})")), R"([""])");
}

TEST_F(ContextDatabaseTest, MutationsReadTheirOwnWrites) {
  EXPECT_EQ(written(R"js(
    const id = await ctx.db.insert("notes", { title: "one", rank: 1, _id: "x", _creationTime: 5 });
    const seen = [(await ctx.db.get(id)).title];
    await ctx.db.patch(id, { title: "two", rank: undefined });
    seen.push(Object.keys(await ctx.db.get(id)).join());
    await ctx.db.replace(id, { title: "three" });
    seen.push((await ctx.db.query("notes").unique()).title);
    seen.push(await ctx.db.delete(id) === undefined, await ctx.db.get(id));
    await ctx.db.delete(id);
    return seen;
  )js"),
            R"(["one","_id,_creationTime,title","three",true,null])");
}

TEST_F(ContextDatabaseTest, WritesAreCheckedAndCanBeCaught) {
  EXPECT_EQ(
      written(R"js(
    const texts = [];
    const attempt = async (make) => { try { await make(); } catch (e) {
      texts.push([e.message, e instanceof Error]); } };
    await attempt(() => ctx.db.insert("notes", { title: 5 }));
    await attempt(() => ctx.db.insert("notes", { title: "x", more: 1 }));
    await attempt(() => ctx.db.insert("notes", { title: new Date() }));
    await attempt(() => ctx.db.insert("notes", { title: "x", any: { when: [new Map()] } }));
    await attempt(() => ctx.db.insert("notes", [1]));
    await attempt(() => ctx.db.patch("notes:01JQ8Z3N6V0000000000000000", {}));
    await attempt(() => ctx.db.get(undefined));
    const circle = {}; circle.circle = circle;
    await attempt(() => ctx.db.insert("notes", { title: "x", any: circle }));
    await attempt(() => ctx.db.insert("notes", { get title() { throw new TypeError("mine"); } }));
    texts.push(await ctx.db.query("notes").count());
    return texts;
  )js"),
      R"j([["Expected string, got number",true],["Unexpected field: more",true],)j"
      R"j(["a Date cannot be stored; store date.getTime() or )j"
      R"j(date.toISOString() (at title)",true],)j"
      R"j(["a Map or Set cannot be stored; use an object or an array (at any.when[0])",true],)j"
      R"j(["Expected object, got object",true],["Document ID not found",true],)j"
      R"j(["db.get(): the id must be a text, got undefined",true],)j"
      R"j(["data is nested deeper than 64 levels, or contains itself )j"
      R"j((at any.circle.circle.circle.circle...)",true],)j"
      R"j(["mine",true],0])j");
}

TEST_F(ContextDatabaseTest, UncaughtErrorOfTheEngineKeepsItsCode) {
  load_bodies("", "await ctx.db.insert('notes', { title: 5 });");
  const auto outcome = mutate("m:w");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(outcome.error().reason(), "validation");
  EXPECT_THAT(outcome.error().stack(), testing::HasSubstr("bundle.js:"));
  EXPECT_THAT(outcome.error().stack(), testing::Not(testing::HasSubstr("prelude")));
}

TEST_F(ContextDatabaseTest, ValuesKeepTheirKinds) {
  EXPECT_EQ(written(R"js(
    const id = await ctx.db.insert("notes", { title: "\u0041é€😀", rank: -0.5, big: 2n ** 60n,
      data: new Uint8Array([1, 2, 255]), any: { n: null, b: true, l: [1, "x"], __proto__: null },
      maybe: null });
    const doc = await ctx.db.get(id);
    const small = await ctx.db.get(await ctx.db.insert("notes", { title: "x", big: 5 }));
    return [doc.title, doc.rank, typeof doc.big, String(doc.big), doc.data instanceof ArrayBuffer,
      new Uint8Array(doc.data)[2], doc.any, doc.maybe, "tags" in doc, typeof small.big];
  )js"),
            R"(["Aé€😀",-0.5,"bigint","1152921504606846976",true,255,)"
            R"({"n":null,"b":true,"l":[1,"x"]},null,false,"number"])");
  EXPECT_THAT(written("return ctx.db.insert('notes', { title: 'x', big: 2n ** 70n });"),
              testing::HasSubstr("a bigint must fit 64 bits (at big)"));
}

TEST_F(ContextDatabaseTest, ManyDocumentsCrossTheChunks) {
  load_bodies(
      "const all = await ctx.db.query('notes').collect();"
      "return [all.length, all.every((n, i) => n.rank === i), Array.isArray(all)];",
      "for (let i = 0; i < 1000; i++) await ctx.db.insert('notes', { title: 't', rank: i });");
  ASSERT_TRUE(mutate("m:w"));
  EXPECT_EQ(json_of(query("m:q")), "[1000,true,true]");
}

}  // namespace
}  // namespace moonstone::runtime
