// Moonstone. Licence: see LICENSE.
// Full-text search: what is found, in which order, and that indexes follow every write and undo.

#include "query/search.h"

#include <gmock/gmock.h>

#include "query/page.h"
#include "tests/store/conformance/fixture.h"

namespace moonstone::store::conformance {
namespace {

using query::CompareOp;
using query::Expr;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

constexpr std::string_view kSchema = R"({"tables":{
  "notes":{"fields":{
    "title":{"type":"string"},
    "body":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}},
    "mixed":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"number"}]}},
    "any":{"type":"optional","value":{"type":"any"}},
    "rank":{"type":"optional","value":{"type":"number"}},
    "rowid":{"type":"optional","value":{"type":"string"}}
  },"indexes":[{"name":"s_title","fields":["title"]}],
  "searchIndexes":[{"name":"s_title","searchField":"title"},{"name":"s_body","searchField":"body"},
    {"name":"s_mixed","searchField":"mixed"},{"name":"s_any","searchField":"any"},
    {"name":"s_rowid","searchField":"rowid"}]},
  "plain":{"fields":{"title":{"type":"string"}},"indexes":[]}
}})";

class SearchTest : public StoreConformanceTest {
 protected:
  void SetUp() override {
    StoreConformanceTest::SetUp();
    apply(kSchema);
  }

  query::Query search(std::string_view field, std::string text) {
    query::Query query = all_of("notes");
    const Status applied = query::apply_search(table("notes"), field, std::move(text), query);
    EXPECT_TRUE(applied) << message_of(applied);
    return query;
  }
  /// The numbers n of the documents found, in order.
  std::vector<std::int64_t> numbers(DocumentSource& source, const query::Query& query) {
    std::vector<std::int64_t> numbers;
    for (const query::Row& found : select(source, query))
      numbers.push_back(found.number);
    return numbers;
  }
  std::vector<std::int64_t> found(std::string_view field, std::string text) {
    const auto reader = reader_at_now();
    return numbers(*reader, search(field, std::move(text)));
  }
  Status failure(std::string text) {
    const auto reader = reader_at_now();
    ReadBudget budget;
    const auto rows = reader->select(search("title", std::move(text)), budget);
    return rows ? Status() : Status(rows.error());
  }
  void update(std::int64_t n, Object fields) {
    const Status updated = writer().update(row("notes", n, std::move(fields)));
    ASSERT_TRUE(updated) << message_of(updated);
  }
  void erase(std::int64_t n) { ASSERT_TRUE(writer().erase(table("notes"), id_of("notes", n))); }
  Mark mark() { return writer().mark().value_or(Mark()); }
};

TEST_P(SearchTest, FindsWordsPhrasesBeginningsAndCombinations) {
  commit_rows("notes", {{{"title", "Fix the login bug"}},
                        {{"title", "bug fix for the fixture"}},
                        {{"title", "Patch the login page"}},
                        {{"title", "Unrelated"}}});
  EXPECT_THAT(found("title", "fix"), UnorderedElementsAre(1, 2));
  EXPECT_THAT(found("title", "login bug"), ElementsAre(1));
  EXPECT_THAT(found("title", "\"bug fix\""), ElementsAre(2));
  EXPECT_THAT(found("title", "fixt*"), ElementsAre(2));
  EXPECT_THAT(found("title", "patch OR unrelated"), UnorderedElementsAre(3, 4));
  EXPECT_THAT(found("title", "login NOT bug"), ElementsAre(3));
  EXPECT_THAT(found("title", "(patch OR fix) AND login"), UnorderedElementsAre(1, 3));
  EXPECT_THAT(found("title", "^patch"), ElementsAre(3));
  EXPECT_THAT(found("title", "title : patch"), ElementsAre(3)) << "the column is the field";
  EXPECT_THAT(found("title", "nothing"), IsEmpty());
  EXPECT_THAT(found("title", "\"?!\""), IsEmpty());
}

TEST_P(SearchTest, OrdersByRelevanceThenById) {
  commit_rows("notes", {{{"title", "bug and many other words that make it long"}},
                        {{"title", "bug"}},
                        {{"title", "bug bug"}},
                        {{"title", "bug"}},
                        {{"title", "nothing"}},
                        {{"title", "nor here"}},
                        {{"title", "neither"}},
                        {{"title", "nowhere"}},
                        {{"title", "no"}}});
  EXPECT_THAT(found("title", "bug"), ElementsAre(3, 2, 4, 1));
  query::Query query = search("title", "bug");
  query.order = {{.field = "title", .direction = query::Direction::Descending}};
  query.tie_break = query::Direction::Descending;
  EXPECT_THAT(numbers(*reader_at_now(), query), ElementsAre(3, 2, 4, 1)) << "its own order counts";
  for (std::uint64_t limit = 0; limit <= 5; ++limit) {
    query.limit = limit;
    auto expected = found("title", "bug");
    expected.resize(std::min<std::size_t>(expected.size(), limit));
    EXPECT_EQ(numbers(*reader_at_now(), query), expected);
  }
}

TEST_P(SearchTest, CombinesWithFiltersLimitsAndCounts) {
  commit_rows("notes", {{{"title", "bug one"}, {"rank", 1.0}},
                        {{"title", "bug two"}, {"rank", 2.0}},
                        {{"title", "other"}, {"rank", 2.0}},
                        {{"title", "bug three"}, {"rank", 2.0}},
                        {{"title", "bug four"}}});
  query::Query query = search("title", "bug");
  query.where = Expr::compare(CompareOp::Eq, Expr::make_field("rank"), Expr::make_literal(2.0));
  const auto reader = reader_at_now();
  EXPECT_THAT(numbers(*reader, query), ElementsAre(2, 4));
  ReadBudget budget;
  EXPECT_EQ(reader->count(query, budget).value(), 2U);
  EXPECT_EQ(reader->count(search("title", "bug"), budget).value(), 4U);
  query.limit = 1;
  EXPECT_THAT(numbers(*reader, query), ElementsAre(2));
  query.where = Expr::any_of({query.where, Expr::compare(CompareOp::Eq, Expr::make_field("rank"),
                                                         Expr::make_literal(1.0))});
  query.search->skipped = {2};
  query.limit = 5;
  EXPECT_THAT(numbers(*reader, query), ElementsAre(1, 4));
  EXPECT_EQ(reader->count(query, budget).value(), 2U);
}

TEST_P(SearchTest, OnlyTextsCount) {
  commit_rows("notes", {{{"title", "a"}},
                        {{"title", "a"}, {"body", nullptr}, {"mixed", 5.0}, {"any", 7.0}},
                        {{"title", "a"}, {"body", "word"}, {"mixed", "word 5"}, {"any", "a word"}},
                        {{"title", "a"}, {"any", Object{{"word", "word"}}}},
                        {{"title", "a"}, {"any", Array{"word"}}},
                        {{"title", "a"}, {"any", "quoted \"word\" \\ ü"}, {"rowid", "word"}}});
  EXPECT_THAT(found("body", "word"), ElementsAre(3));
  EXPECT_THAT(found("mixed", "word"), ElementsAre(3));
  EXPECT_THAT(found("mixed", "5"), ElementsAre(3));
  EXPECT_THAT(found("any", "word"), UnorderedElementsAre(3, 6));
  EXPECT_THAT(found("any", "quoted u"), ElementsAre(6)) << "accents do not count";
  EXPECT_THAT(found("rowid", "word"), ElementsAre(6)) << "a name that FTS5 keeps for itself";
}

TEST_P(SearchTest, SaysWhatIsWrongWithATextAndHowToMendIt) {
  commit_rows("notes", {{{"title", "it's a bug"}}});
  const std::pair<const char*, const char*> kCases[] = {
      {"", "fts5: syntax error near \"\". "},
      {"   ", "fts5: syntax error near \"\". "},
      {"it's", "fts5: syntax error near \"'\". "},
      {"a AND", "fts5: syntax error near \"\". "},
      {"(a", "fts5: syntax error near \"\". "},
      {"a)", "fts5: syntax error near \")\". "},
      {"?", "fts5: syntax error near \"?\". "},
      {"*", "fts5: syntax error near \"*\". "},
      {"*reads", "fts5: syntax error near \"*\". "},
      {"\"open", "unterminated string. "},
      {"e-mail", "no such column: mail. "},
      {"NEAR(a b, c)", "expected integer, got \"c\". "},
  };
  for (const auto& [text, message] : kCases) {
    const Status failed = failure(text);
    ASSERT_FALSE(failed) << text;
    EXPECT_EQ(failed.error().code(), ErrorCode::InvalidArgument) << text;
    EXPECT_EQ(failed.error().reason(), "search_syntax") << text;
    EXPECT_THAT(failed.error().message(), testing::StartsWith(message));
    EXPECT_THAT(failed.error().message(), HasSubstr("in double quotes"));
  }
  EXPECT_THAT(found("title", "\"it's\""), ElementsAre(1));
  EXPECT_THAT(failure(std::string(300, '(') + "a" + std::string(300, ')')).error().message(),
              HasSubstr("fts5: parser stack overflow"));
  // A failed search inside a transaction fails alone.
  begin();
  ReadBudget budget;
  EXPECT_EQ(reason_of(writer().select(search("title", "("), budget)), "search_syntax");
  EXPECT_EQ(reason_of(writer().count(search("title", "("), budget)), "search_syntax");
  insert("notes", 2, {{"title", "two"}});
  commit();
  EXPECT_THAT(found("title", "two"), ElementsAre(2));
}

TEST_P(SearchTest, NeedsASearchIndexAndBoundedText) {
  const auto message = [&](std::string_view table_name, std::string_view field, std::string text) {
    query::Query query = all_of(table_name);
    return message_of(query::apply_search(table(table_name), field, std::move(text), query));
  };
  EXPECT_EQ(message("notes", "rank", "a"), "No search index on field \"rank\" of table \"notes\"");
  EXPECT_EQ(message("plain", "title", "a"),
            "No search index on field \"title\" of table \"plain\"");
  EXPECT_EQ(message("plain", "nope", "a"), "No search index on field \"nope\" of table \"plain\"");
  EXPECT_THAT(message("notes", "title", std::string("a\0b", 3)), HasSubstr("U+0000"));
  EXPECT_THAT(message("notes", "title", std::string(query::kSearchBytesMax + 1, 'a')),
              HasSubstr("has 2049 bytes; at most 2048"));
  EXPECT_EQ(message("notes", "title", std::string(query::kSearchBytesMax, 'a')), "");
  std::string words;
  for (std::size_t i = 0; i < query::kSearchWordsMax; ++i)
    words += " a";
  EXPECT_EQ(message("notes", "title", words), "");
  EXPECT_THAT(message("notes", "title", words + " a"), HasSubstr("has 65 words; at most 64"));
  // A query that was made otherwise is refused in the same words.
  query::Query query = all_of("plain");
  query.search = query::SearchClause{.field = "title", .text = "a", .skipped = {}};
  ReadBudget budget;
  EXPECT_EQ(message_of(reader_at_now()->select(query, budget)),
            "No search index on field \"title\" of table \"plain\"");
}

TEST_P(SearchTest, FollowsEveryWriteAndSurvivesARestart) {
  commit_rows("notes", {{{"title", "one"}, {"body", "first"}},
                        {{"title", "two"}, {"body", "second"}},
                        {{"title", "three"}}});
  begin();
  update(1, {{"title", "uno"}, {"body", "first"}});
  update(2, {{"title", "two"}});
  update(3, {{"title", "three"}, {"body", "third"}});
  commit();
  EXPECT_THAT(found("title", "one"), IsEmpty());
  EXPECT_THAT(found("title", "uno"), ElementsAre(1));
  EXPECT_THAT(found("body", "first OR second OR third"), ElementsAre(1, 3));
  reopen();
  begin();
  erase(1);
  commit();
  EXPECT_THAT(found("title", "uno OR two OR three"), ElementsAre(2, 3));
  EXPECT_THAT(found("body", "first"), IsEmpty());
  ASSERT_TRUE(writer().reset({}));
  EXPECT_THAT(found("title", "two"), IsEmpty());
  commit_rows("notes", {{{"title", "two"}}});
  EXPECT_THAT(found("title", "two"), ElementsAre(testing::_));
}

TEST_P(SearchTest, ATransactionSeesItsOwnWrites) {
  commit_rows("notes", {{{"title", "one"}}});
  const auto before = reader_at_now();
  begin();
  insert("notes", 2, {{"title", "one more"}});
  EXPECT_THAT(numbers(writer(), search("title", "one")), ElementsAre(1, 2));
  update(2, {{"title", "another"}});
  insert("notes", 3, {{"title", "third"}});
  EXPECT_THAT(numbers(writer(), search("title", "one")), ElementsAre(1));
  EXPECT_THAT(numbers(writer(), search("title", "another")), ElementsAre(2));
  erase(2);
  ReadBudget budget;
  EXPECT_EQ(writer().count(search("title", "another OR third"), budget).value(), 1U);
  commit();
  EXPECT_THAT(numbers(*before, search("title", "third")), IsEmpty()) << "its snapshot stands";
  EXPECT_THAT(found("title", "another OR third"), ElementsAre(3));
}

TEST_P(SearchTest, ARollbackToAMarkCutsTheQueue) {
  commit_rows("notes", {{{"title", "stays"}}});
  begin();
  insert("notes", 2, {{"title", "kept"}});
  const Mark outer = mark();
  insert("notes", 3, {{"title", "outer"}});
  const Mark inner = mark();
  insert("notes", 4, {{"title", "inner"}});
  // The search writes what was queued before the marks, inside their savepoints.
  EXPECT_THAT(numbers(writer(), search("title", "stays OR kept OR outer OR inner")),
              ElementsAre(1, 2, 3, 4));
  ASSERT_TRUE(writer().rollback_to(inner));
  ASSERT_TRUE(writer().release(inner));
  EXPECT_THAT(numbers(writer(), search("title", "outer OR inner")), ElementsAre(3));
  ASSERT_TRUE(writer().rollback_to(outer));
  insert("notes", 5, {{"title", "after"}});
  ASSERT_TRUE(writer().release(outer));
  commit();
  EXPECT_THAT(found("title", "stays OR kept OR outer OR inner OR after"),
              ElementsAre(1, 2, testing::_));
  EXPECT_THAT(found("title", "outer OR inner"), IsEmpty());
  begin();
  update(1, {{"title", "gone"}});
  EXPECT_THAT(numbers(writer(), search("title", "gone")), ElementsAre(1));
  writer().rollback();
  EXPECT_THAT(found("title", "gone"), IsEmpty());
  EXPECT_THAT(found("title", "stays"), ElementsAre(1));
}

TEST_P(SearchTest, IndexesComeGoAndChangeWithTheSchema) {
  const auto schema_with = [](std::string_view type, std::string_view searches) {
    return R"({"tables":{"notes":{"fields":{"title":)" + std::string(type) +
           R"(,"body":{"type":"string"}},"indexes":[],"searchIndexes":[)" + std::string(searches) +
           "]}}}";
  };
  constexpr std::string_view kText = R"({"type":"string"})";
  constexpr std::string_view kTitle = R"({"name":"s","searchField":"title"})";
  constexpr std::string_view kBody = R"({"name":"s","searchField":"body"})";
  apply(R"({"tables":{}})", Writer::AllowDataLoss::Yes);
  apply(schema_with(kText, ""));
  commit_rows("notes",
              {{{"title", "one"}, {"body", "eins"}}, {{"title", "two"}, {"body", "zwei"}}});
  apply(schema_with(kText, kTitle));
  EXPECT_THAT(found("title", "two"), ElementsAre(2)) << "filled when it was made";
  apply(schema_with(kText, kBody));
  EXPECT_THAT(found("body", "zwei"), ElementsAre(2)) << "the same name over another field";
  apply(schema_with(kText, std::string(kTitle) + R"(,{"name":"t","searchField":"body"})"));
  EXPECT_THAT(found("title", "one"), ElementsAre(1));
  EXPECT_THAT(found("body", "eins"), ElementsAre(1));
  // Types under which the values lie otherwise, with the index in place.
  for (const char* type :
       {R"({"type":"union","value":[{"type":"string"},{"type":"number"}]})", R"({"type":"any"})",
        R"({"type":"optional","value":{"type":"string"}})", R"({"type":"string"})"}) {
    apply(schema_with(type, kTitle));
    EXPECT_THAT(found("title", "two"), ElementsAre(2)) << type;
    begin();
    update(1, {{"title", "one"}, {"body", "again"}});
    update(1, {{"title", "changed"}, {"body", "eins"}});
    update(1, {{"title", "one"}, {"body", "eins"}});
    commit();
    EXPECT_THAT(found("title", "one OR changed"), ElementsAre(1)) << type;
  }
  apply(schema_with(kText, ""));
  query::Query query = all_of("notes");
  query.search = query::SearchClause{.field = "title", .text = "one", .skipped = {}};
  ReadBudget budget;
  EXPECT_THAT(message_of(reader_at_now()->select(query, budget)), HasSubstr("No search index"));
  apply(schema_with(kText, kTitle));
  EXPECT_THAT(found("title", "one"), ElementsAre(1));
  apply(R"({"tables":{"notes":{"fields":{"body":{"type":"string"}},"indexes":[]}}})",
        Writer::AllowDataLoss::Yes);
  apply(R"({"tables":{}})", Writer::AllowDataLoss::Yes);
  apply(schema_with(kText, kTitle));
  EXPECT_THAT(found("title", "one"), IsEmpty()) << "nothing is left of the index of old";
}

TEST_P(SearchTest, PagesHoldEachResultOnceWhileOthersComeAndGo) {
  std::vector<Object> rows;
  for (std::size_t i = 0; i < 40; ++i) {
    rows.push_back({{"title", i % 2 == 0 ? "bug" : "bug " + std::string(i % 7 + 1, 'x') + " bug"}});
  }
  commit_rows("notes", rows);
  std::vector<std::int64_t> seen;
  std::string cursor;
  std::int64_t next = 40;
  while (true) {
    const auto reader = reader_at_now();
    const auto page = query::read_page(search("title", "bug"),
                                       {.cursor = cursor, .size = 7, .secret = reader->secret()},
                                       [&](const query::Query& part) {
                                         ReadBudget budget;
                                         return reader->select(part, budget);
                                       });
    ASSERT_TRUE(page) << message_of(page);
    for (const query::Row& row : page->rows)
      seen.push_back(row.number);
    if (page->is_done) break;
    cursor = page->cursor;
    // Every write moves the relevance of all rows.
    begin();
    insert("notes", ++next, {{"title", "long text that changes the mean length and bug"}});
    insert("notes", ++next, {{"title", "nothing"}});
    erase(next - 20);
    commit();
  }
  std::ranges::sort(seen);
  EXPECT_EQ(std::ranges::adjacent_find(seen), seen.end()) << "twice";
  for (std::int64_t number = 1; number <= 20; ++number) {
    EXPECT_TRUE(std::ranges::binary_search(seen, number)) << number;
  }
}

INSTANTIATE_TEST_SUITE_P(Store, SearchTest, testing::ValuesIn(databases_under_test()));

}  // namespace
}  // namespace moonstone::store::conformance
