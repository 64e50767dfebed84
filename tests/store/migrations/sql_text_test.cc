// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/sql_text.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

namespace moonstone::store::sqlite {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(SplitSqlTest, DividesAtSemicolonsAndLeavesEmptyPiecesOut) {
  EXPECT_THAT(split_sql("SELECT 1; ;\n SELECT 2 "), ElementsAre("SELECT 1", "SELECT 2"));
  EXPECT_THAT(split_sql(""), IsEmpty());
  EXPECT_THAT(split_sql(" ;;\n"), IsEmpty());
}

TEST(SplitSqlTest, LeavesSemicolonsInStringsAndNamesAlone) {
  EXPECT_THAT(split_sql("INSERT INTO a VALUES ('x;''y;'); SELECT \"a;b\", [c;d], `e;f`"),
              ElementsAre("INSERT INTO a VALUES ('x;''y;')", "SELECT \"a;b\", [c;d], `e;f`"));
}

TEST(SplitSqlTest, DropsCommentsAroundStatementsAndKeepsStringsThatLookLikeThem) {
  EXPECT_THAT(split_sql("-- first; not a statement\nSELECT 1; /* a; b */ SELECT '\n-- text; \n'"),
              ElementsAre("SELECT 1", "SELECT '\n-- text; \n'"));
  EXPECT_THAT(split_sql("-- nothing else"), IsEmpty());
  EXPECT_THAT(split_sql("SELECT 1 -- it's\n + 1; SELECT 2"),
              ElementsAre("SELECT 1 -- it's\n + 1", "SELECT 2"));
}

TEST(SplitSqlTest, KeepsTheBodyOfATriggerTogether) {
  const std::string trigger =
      "CREATE TEMP TRIGGER t AFTER INSERT ON a BEGIN\n"
      "  UPDATE a SET b = CASE WHEN c THEN 1 ELSE 2 END;\n  DELETE FROM d;\nEND";
  EXPECT_THAT(split_sql(trigger + "; SELECT 1;"), ElementsAre(trigger, "SELECT 1"));
}

TEST(SplitSqlTest, TakesTransactionsForStatements) {
  EXPECT_THAT(split_sql("BEGIN; CREATE TABLE a (b); END; SELECT 1"),
              ElementsAre("BEGIN", "CREATE TABLE a (b)", "END", "SELECT 1"));
}

TEST(SplitSqlTest, TakesATextWithoutEndToTheEnd) {
  EXPECT_THAT(split_sql("SELECT 'abc; SELECT 2"), ElementsAre("SELECT 'abc; SELECT 2"));
  EXPECT_THAT(split_sql("SELECT 1 /* open; "), ElementsAre("SELECT 1"));
}

TEST(CanonicalSqlTest, IsEqualForTextsOfTheSameMeaning) {
  EXPECT_EQ(canonical_sql("\"Role\"  IN ( 'A','b' )"), canonical_sql("role in('A', 'b') ;"));
  EXPECT_EQ(canonical_sql("(strftime('%Y','now'))"), canonical_sql("( strftime ('%Y', 'now') )"));
  EXPECT_NE(canonical_sql("x = 'A'"), canonical_sql("x = 'a'"));
  EXPECT_NE(canonical_sql("a.b"), canonical_sql("a + b"));
  EXPECT_NE(canonical_sql("'x y'"), canonical_sql("'x  y'"));
}

TEST(SqlTokensTest, KnowsNumbersAndDepth) {
  const std::string text = "a(1.5e-3, 0xFF-1)";
  std::vector<std::string> texts;
  std::vector<std::size_t> depths;
  for (const SqlToken& token : sql_tokens(text)) {
    texts.emplace_back(token.text);
    depths.push_back(token.depth);
  }
  EXPECT_THAT(texts, ElementsAre("a", "(", "1.5e-3", ",", "0xFF", "-", "1", ")"));
  EXPECT_THAT(depths, ElementsAre(0, 0, 1, 1, 1, 1, 1, 0));
}

TEST(QuotedNameTest, IsUndoneByUnquoted) {
  for (const std::string name : {"plain", "with space", "with\"quote", "[brackets]", ""}) {
    EXPECT_EQ(unquoted(quoted_name(name)), name);
  }
  EXPECT_EQ(unquoted("[a]"), "a");
  EXPECT_EQ(unquoted("`a``b`"), "a`b");
}

}  // namespace
}  // namespace moonstone::store::sqlite
