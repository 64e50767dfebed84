// Moonstone. Licence: see LICENSE.
// ctx.db.query().search() and .paginate() as user code sees them.

#include <gmock/gmock.h>

#include "query/page.h"
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

using testing::HasSubstr;

constexpr std::string_view kSearchSchema = R"js(
const schema = { tables: { notes: { ...table(
  { title: v.string(), body: v.optional(v.string()), rank: v.optional(v.number()) },
  [{ name: "by_rank", fields: ["rank"] }]),
  searchIndexes: [{ name: "s", searchField: "title" }] } } };
)js";

class ContextSearchTest : public RuntimeFixture {
 protected:
  /// `code` is the body of the query m:q; `q` is a fresh builder, `message` the text of an error.
  void load_search(std::string_view code) {
    load(R"js(
      fill: mutation(async (ctx) => {
        for (const [title, rank] of [["fix the bug", 1], ["bug fix", 2], ["a page", undefined],
                                     ["bug bug", 2], ["none", undefined]])
          await ctx.db.insert("notes", { title, rank });
      }),
      q: query(async (ctx, args) => {
        const q = () => ctx.db.query("notes");
        const titles = async (builder) => (await builder.collect()).map((n) => n.title);
        const message = async (make) => { try { await make(); return "none"; } catch (e) {
          return e.message; } };
    )js" + std::string(code) +
             "}),",
         kSearchSchema);
    ASSERT_TRUE(mutate("m:fill"));
  }
};

TEST_F(ContextSearchTest, FindsByRelevanceWithEveryTerminal) {
  load_search(R"js(
    const bug = () => q().search("title", "bug");
    return [await titles(bug()), await titles(bug().order("desc").orderBy("rank")),
            (await bug().take(1)).length, (await bug().first()).title, await bug().count(),
            await bug().filter((f) => f.eq(f.field("rank"), 2)).count(),
            (await q().search("title", "pag*").unique()).title,
            await q().search("title", "nothing").first(),
            await titles(q().search("title", "page").search("title", "none"))];
  )js");
  EXPECT_EQ(json_of(query("m:q")),
            R"([["bug bug","bug fix","fix the bug"],["bug bug","bug fix","fix the bug"],1,)"
            R"("bug bug",3,2,"a page",null,["none"]])");
}

TEST_F(ContextSearchTest, ErrorsSayWhatToDo) {
  load_search(R"js(
    return [await message(() => q().search("body", "x").collect()),
            await message(() => q().search("gone", "x").count()),
            await message(() => q().search("title", "x").withIndex("by_rank")),
            await message(() => q().withIndex("by_rank").search("title", "x")),
            await message(() => q().search("title")),
            await message(() => q().search(5, "x")),
            await message(() => q().search("title", "x".repeat(3000)).collect())];
  )js");
  EXPECT_EQ(json_of(query("m:q")),
            R"x(["No search index on field \"body\" of table \"notes\"",)x"
            R"x("No search index on field \"gone\" of table \"notes\"",)x"
            R"x(".withIndex() cannot be combined with .search()",)x"
            R"x(".search() cannot be combined with .withIndex()",)x"
            R"x(".search() looks for a text, not for undefined",)x"
            R"x(".search() needs the name of a field",)x"
            R"x(".search(): the text has 3000 bytes; at most 2048 are allowed. )x"
            R"x(Search for fewer words"])x");
  load_search("return await q().search('title', args.text).collect();");
  const std::string error = error_of(query("m:q", R"({"text":"(bug"})"));
  EXPECT_THAT(error, HasSubstr("fts5: syntax error near \"\""));
  EXPECT_THAT(error, HasSubstr("in double quotes"));
}

TEST_F(ContextSearchTest, MutationsFindTheirOwnWrites) {
  load(R"js(
    w: mutation(async (ctx) => {
      const find = async (text) =>
        (await ctx.db.query("notes").search("title", text).collect()).map((n) => n.title);
      const id = await ctx.db.insert("notes", { title: "first words" });
      const seen = [await find("first")];
      await ctx.db.patch(id, { title: "other words" });
      seen.push(await find("first"), await find("words"));
      await ctx.db.delete(id);
      seen.push(await find("words"));
      return seen;
    }),)js",
       kSearchSchema);
  EXPECT_EQ(json_of(mutate("m:w")), R"([["first words"],[],["other words"],[]])");
}

TEST_F(ContextSearchTest, ResultsOfASearchComeInPages) {
  load_search(R"js(
    const pages = [];
    let cursor = null;
    do {
      const page = await q().search("title", "bug OR page").paginate({ cursor, numItems: 2 });
      pages.push(page.page.map((n) => n.title));
      cursor = page.continueCursor;
    } while (cursor !== null);
    const first = await q().search("title", "bug").paginate({ cursor: null, numItems: 1 });
    return [pages.flat().sort(), pages.length, await message(() =>
      q().search("title", "page").paginate({ cursor: first.continueCursor, numItems: 1 }))];
  )js");
  EXPECT_EQ(json_of(query("m:q")),
            R"([["a page","bug bug","bug fix","fix the bug"],2,"Invalid cursor"])");
}

TEST_F(ContextSearchTest, PagesHaveALimit) {
  load_search(R"js(
    return [await message(() => q().paginate({ cursor: null, numItems: 10001 })),
            await message(() => q().paginate({ cursor: null, numItems: -1 })),
            await message(() => q().paginate({ cursor: 5, numItems: 1 })),
            (await q().paginate({ cursor: null, numItems: 10000 })).page.length];
  )js");
  EXPECT_EQ(json_of(query("m:q")),
            R"([".paginate(): numItems is 10001; at most 10000 are allowed",)"
            R"(".paginate(): numItems needs a whole number of 0 or more, got -1",)"
            R"(".paginate(): cursor is a text or null, got 5",5])");
}

}  // namespace
}  // namespace moonstone::runtime
