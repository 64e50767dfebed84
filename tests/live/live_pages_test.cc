// Moonstone. Licence: see LICENSE.
// Live pages and live searches: how often they run again.
#include <string>

#include <gtest/gtest.h>

#include "query/page.h"
#include "query/search.h"
#include "tests/live/live_fixture.h"

namespace moonstone::live {
namespace {

using testing::Collector;

class LivePagesTest : public testing::LiveFixture {
 protected:
  /// Answers one page of the items by rank, with its cursor behind it.
  static RunFunction page_run(std::string cursor) {
    return [cursor = std::move(cursor)](engine::ReadSession& session, auto deadline) {
      engine::DocumentReader reader(session.source(), testing::budget_until(deadline));
      query::Query query;
      query.table = "items";
      query.order = {{.field = "rank"}};
      const auto page =
          query::read_page(query, {.cursor = cursor, .size = 2, .secret = reader.secret()},
                           [&](const query::Query& part) { return reader.select(part); });
      Result<std::string> text = page ? Result<std::string>(testing::rows_json(page->rows))
                                      : Result<std::string>(page.error());
      if (text) *text += page->cursor;
      return testing::make_result(std::move(text), reader);
    };
  }

  /// How many runs a write causes.
  template <class Write>
  std::uint64_t runs_after(Write write) {
    live_->drain();
    const std::uint64_t before = live_->counters().reruns;
    write();
    live_->drain();
    return live_->counters().reruns - before;
  }
  void set_text(const std::string& id, const std::string& text) {
    mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      MS_TRY_STATUS(transaction.patch(id, {{"text", text}}));
      return std::optional<std::string>();
    });
  }
};

TEST_F(LivePagesTest, RunForWhatHappensUpToTheRowBehindThemAndForNothingElse) {
  open();
  std::vector<std::string> ids;
  for (int rank = 10; rank <= 60; rank += 10)
    ids.push_back(insert(1, rank));
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "first page", page_run(""));
  ASSERT_TRUE(collector->wait_for_count(1));
  const std::string first = collector->last(1);
  subscribe(collector, 2, "second page", page_run(first.substr(first.find(']') + 1)));
  ASSERT_TRUE(collector->wait_for_count(2));
  // The pages hold 10, 20 and 30, 40; the rows behind them are 30 and 50.
  EXPECT_NE(collector->last(2).find(ids[3]), std::string::npos);

  EXPECT_EQ(runs_after([&] { patch(ids[5], "group", 2); }), 0U) << "behind both";
  EXPECT_EQ(runs_after([&] { insert(1, 70); }), 0U);
  EXPECT_EQ(runs_after([&] { patch(ids[5], "rank", 51); }), 0U) << "moved, but still behind";
  EXPECT_EQ(runs_after([&] { patch(ids[3], "group", 2); }), 1U) << "only on the second";
  EXPECT_EQ(runs_after([&] { patch(ids[0], "group", 2); }), 1U) << "only on the first";
  EXPECT_EQ(runs_after([&] { patch(ids[2], "group", 2); }), 2U) << "on one, behind the other";
  EXPECT_EQ(runs_after([&] { erase(ids[4]); }), 1U) << "behind the second";
  EXPECT_EQ(runs_after([&] { patch(ids[5], "rank", 25); }), 2U) << "from behind to the front";
  EXPECT_EQ(runs_after([&] { insert(1, 5); }), 1U) << "in front of the first page only";
}

TEST_F(LivePagesTest, SearchesRunWhenAWriteCanMatter) {
  open();
  const std::string shown = insert(1, 1);
  const std::string hidden = insert(2, 1);
  const std::string textless = insert(1, 1);
  set_text(shown, "word");
  set_text(hidden, "word");
  query::Query query = in_group(1);
  ASSERT_TRUE(
      query::apply_search(*database_->schema()->find_table("items"), "text", "word", query));
  const auto collector = std::make_shared<Collector>();
  subscribe(collector, 1, "search", testing::select_run(query));
  ASSERT_TRUE(collector->wait_for_count(1));
  EXPECT_EQ(runs_after([&] { insert(1, 2); }), 0U) << "no text";
  EXPECT_EQ(runs_after([&] { patch(textless, "rank", 5); }), 0U);
  EXPECT_EQ(runs_after([&] { patch(hidden, "rank", 5); }), 0U);
  EXPECT_EQ(runs_after([&] { patch(shown, "rank", 5); }), 1U);
  EXPECT_EQ(runs_after([&] { set_text(hidden, "other words"); }), 1U) << "moves the relevance";
  EXPECT_EQ(runs_after([&] { set_text(hidden, "other words"); }), 0U) << "changes nothing";
  EXPECT_EQ(runs_after([&] { patch(hidden, "group", 1); }), 1U) << "enters the filter";
  EXPECT_EQ(runs_after([&] { patch(hidden, "rank", 7); }), 0U) << "but does not match";
  EXPECT_EQ(runs_after([&] { erase(hidden); }), 1U);
  EXPECT_EQ(runs_after([&] { erase(textless); }), 0U);
}

}  // namespace
}  // namespace moonstone::live
