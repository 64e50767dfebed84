// Moonstone. Licence: see LICENSE.
// recursive reads and searches (litestone.md 32.4, 32.5).

#include "tests/orm/library.h"

namespace moonstone::orm {
namespace {

class RecursiveTest : public ShopTest {
 protected:
  std::string walk(std::string_view where, std::string_view recursive, std::string_view more = "") {
    return read("page", "findMany",
                R"({"select":{"id":true},"where":)" + std::string(where) + R"(,"recursive":)" +
                    std::string(recursive) + std::string(more) + "}");
  }
};

constexpr std::string_view kById = R"(,"orderBy":{"id":"asc"})";

TEST_F(RecursiveTest, DescendantsWithoutTheirAnchor) {
  EXPECT_EQ(walk(R"({"id":1})", R"({"via":"parent"})", kById),
            R"([{"id":2,"_depth":1},{"id":3,"_depth":1},{"id":4,"_depth":2}])")
      << "a template hides what is below it";
  EXPECT_EQ(walk(R"({"id":1})", R"({"via":"parentId","maxDepth":1})", kById),
            R"([{"id":2,"_depth":1},{"id":3,"_depth":1}])");
  EXPECT_EQ(walk(R"({"id":1})", R"({"via":"parent"})",
                 R"(,"withTemplates":true,"orderBy":[{"_depth":"desc"},{"id":"asc"}],"limit":3)"),
            R"([{"id":6,"_depth":3},{"id":4,"_depth":2},{"id":5,"_depth":2}])");
}

TEST_F(RecursiveTest, AncestorsUpwards) {
  EXPECT_EQ(walk(R"({"id":4})", R"({"via":"parent","direction":"ancestors"})",
                 R"(,"orderBy":{"_depth":"asc"})"),
            R"([{"id":2,"_depth":1},{"id":1,"_depth":2}])");
}

TEST_F(RecursiveTest, SeveralRelationsAreWalkedAndTold) {
  EXPECT_EQ(walk(R"({"id":1})", "true", R"(,"orderBy":[{"_depth":"asc"},{"id":"desc"}])"),
            R"([{"id":4,"_depth":1,"_via":"originId"},{"id":3,"_depth":1,"_via":"parentId"},)"
            R"({"id":2,"_depth":1,"_via":"parentId"},{"id":4,"_depth":2,"_via":"parentId"}])");
  EXPECT_EQ(walk(R"({"id":1})", "true",
                 R"(,"orderBy":[{"_depth":"asc"},{"id":"desc"}],"limit":1,"offset":1)"),
            R"([{"id":3,"_depth":1,"_via":"parentId"}])");
}

TEST_F(RecursiveTest, NestedGivesTrees) {
  EXPECT_EQ(walk(R"({"id":1})", R"({"via":"parent","nested":true})", kById),
            R"([{"id":2,"_depth":1,"children":[{"id":4,"_depth":2,"children":[]}]},)"
            R"({"id":3,"_depth":1,"children":[]}])");
  EXPECT_EQ(walk(R"({"id":4})", R"({"via":"parent","nested":true,"direction":"ancestors"})"),
            R"([{"id":1,"_depth":2,"children":[{"id":2,"_depth":1,"children":[]}]}])");
  EXPECT_EQ(walk(R"({"id":1})", R"({"via":"parent","nested":true})",
                 R"(,"orderBy":{"id":"desc"},"limit":1)"),
            R"([{"id":3,"_depth":1,"children":[]}])");
  EXPECT_EQ(walk(R"({"id":99})", R"({"via":"parent","nested":true})"), "[]");
}

TEST_F(RecursiveTest, CirclesEnd) {
  database_.run_sql("UPDATE page SET parentId = 4 WHERE id = 1");
  EXPECT_EQ(walk(R"({"id":2})", R"({"via":"parent"})", kById),
            R"([{"id":1,"_depth":2},{"id":3,"_depth":3},{"id":4,"_depth":1}])");
  EXPECT_EQ(walk(R"({"id":2})", R"({"via":"parent","nested":true})"),
            R"([{"id":4,"_depth":1,"children":[{"id":1,"_depth":2,"children":[)"
            R"({"id":3,"_depth":3,"children":[]}]}]}])");
}

TEST_F(RecursiveTest, RowsComeWithWhatTheyInclude) {
  EXPECT_EQ(walk(R"({"id":2})", R"({"via":"parent"})",
                 R"(,"include":{"origin":{"select":{"title":true}}})"),
            R"([{"id":4,"_depth":1,"origin":{"title":"root"}}])");
}

TEST_F(RecursiveTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(
      read("order", "findMany", R"({"recursive":true})").contains("no self-referential relation"));
  EXPECT_TRUE(walk("{}", R"({"via":"nope"})").contains(R"(via: "nope" not found on Page)"));
  EXPECT_TRUE(walk("{}", R"({"direction":"sideways"})").contains("'descendants' or 'ancestors'"));
  EXPECT_TRUE(read("page", "findFirst", R"({"recursive":true})").contains("use findMany"));
}

class SearchTest : public ShopTest {
 protected:
  std::string search(std::string_view text, std::string_view options) {
    return read("article", "search",
                "[\"" + std::string(text) + "\"," + std::string(options) + "]");
  }
};

TEST_F(SearchTest, TheMostRelevantComeFirst) {
  EXPECT_EQ(search("quick", R"({"select":{"id":true},"withRank":false})"),
            R"([{"id":1},{"id":2}])");
  EXPECT_EQ(search("nothing", "{}"), "[]");
  const auto rows = call("article", "search", R"(["quick"])");
  ASSERT_TRUE(rows);
  ASSERT_EQ(rows->rows->count, 2U);
  EXPECT_EQ(rows->rows->shape->names.back(), "_rank");
  EXPECT_LT(rows->rows->row(0).back().to_double(), rows->rows->row(1).back().to_double());
  EXPECT_LT(rows->rows->row(1).back().to_double(), 0);
}

TEST_F(SearchTest, FiltersBeforeItLimits) {
  EXPECT_EQ(search("quick", R"({"select":{"id":true},"withRank":false,"limit":1,)"
                            R"("where":{"id":{"gt":1}}})"),
            R"([{"id":2}])");
  EXPECT_EQ(search("quick", R"({"select":{"id":true},"withRank":false,"offset":1})"),
            R"([{"id":2}])");
}

TEST_F(SearchTest, MarksWhatWasFound) {
  EXPECT_EQ(search("dog", R"({"select":{"id":true},"withRank":false,)"
                          R"("highlight":{"field":"body","open":"<b>","close":"</b>"},)"
                          R"("snippet":{"field":"body","length":3}})"),
            R"([{"id":2,"_highlight":"a lazy <b>dog</b> and a quick cat",)"
            R"("_snippet":"a lazy <mark>dog</mark>…"}])");
  EXPECT_TRUE(search("dog", R"({"highlight":{"field":"nope"}})").contains("title, body"));
}

TEST_F(SearchTest, RefusesWhatCannotBe) {
  EXPECT_TRUE(read("order", "search", R"(["x"])").contains("not available"));
  EXPECT_TRUE(read("article", "search", "[5]").contains("takes a text"));
  const auto syntax = call("article", "search", R"(["\""])");
  ASSERT_FALSE(syntax);
  EXPECT_EQ(syntax.error().reason(), "search_syntax");
}

}  // namespace
}  // namespace moonstone::orm
