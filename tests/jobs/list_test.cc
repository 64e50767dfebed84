// Moonstone. Licence: see LICENSE.
// The status list.

#include "runtime/jobs/list.h"

#include "runtime/jobs/crons.h"
#include "tests/jobs/fixture.h"

namespace moonstone::runtime::jobs {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ListTest : public JobsTest {
 protected:
  /// The arguments of the jobs of each page.
  std::vector<std::string> pages(std::optional<JobStatus> status, std::uint64_t limit) {
    std::vector<std::string> pages;
    std::string cursor;
    do {
      read([&](engine::DocumentReader& reader) {
        const auto page = list(reader, {.status = status, .cursor = cursor, .limit = limit});
        EXPECT_TRUE(page) << page.error().message();
        std::string texts;
        for (const Job& job : page->jobs)
          texts += job.args_json;
        pages.push_back(texts);
        cursor = page->next_cursor;
        return 0;
      });
    } while (!cursor.empty() && pages.size() < 10);
    return pages;
  }
  Result<Value> answer(const std::string& args) {
    return read([&](engine::DocumentReader& reader) {
      return list_as_json(reader, parse_json(args).value());
    });
  }
};

TEST_F(ListTest, PagesByStatusAndTime) {
  add_job("m", kStart + 2 * kHour, "[1]");
  add_job("m", kStart + kHour, "[2]");
  add_job("m", kStart + 2 * kHour, "[3]");
  const std::string cancelled = add_job("m", kStart + 3 * kHour, "[4]");
  ASSERT_TRUE(
      mutate([&](engine::Transaction& transaction) { return cancel(transaction, cancelled); }));
  EXPECT_THAT(pages({}, 10), ElementsAre("[4][3][2][1]"));
  EXPECT_THAT(pages({}, 2), ElementsAre("[4][3]", "[2][1]"));
  EXPECT_THAT(pages(JobStatus::Pending, 1), ElementsAre("[3]", "[1]", "[2]"));
  EXPECT_THAT(pages(JobStatus::Pending, 2), ElementsAre("[3][1]", "[2]"));
  EXPECT_THAT(pages(JobStatus::Cancelled, 2), ElementsAre("[4]"));
  EXPECT_THAT(pages(JobStatus::Failed, 2), ElementsAre(""));
}

TEST_F(ListTest, ShowsWhatPeopleAskFor) {
  start();
  const std::string failed = add_job("gone", kStart, R"({"a":[1]})", RetryPolicy{.attempts = 1});
  ASSERT_TRUE(
      scheduler_->replace_crons({{.name = "by time",
                                  .function = "m",
                                  .args_json = "{}",
                                  .schedule = {.interval_ms = 0, .expression = "0 3 * * *"}},
                                 {.name = "often",
                                  .function = "m",
                                  .args_json = "{}",
                                  .schedule = {.interval_ms = kHour, .expression = {}}}}));
  settle();
  const auto shown = answer("{}");
  ASSERT_TRUE(shown) << shown.error().message();
  EXPECT_EQ(
      to_json(*shown),
      R"({"jobs":[{"id":")" + failed +
          R"(","function":"gone","args":{"a":[1]},"status":"failed","runAt":1795267800000,)"
          R"("scheduledAt":1795267800000,"attempts":1,"retry":{"attempts":1,)"
          R"("initialBackoffMs":1000,"maxBackoffMs":3600000},"error":"Function not found: gone",)"
          R"("startedAt":1795267800000,"finishedAt":1795267800000,"origin":"test"}],)"
          R"("continueCursor":null,"isDone":true,)"
          R"("counts":{"pending":0,"running":0,"completed":0,"failed":1,"cancelled":0},)"
          R"("crons":[{"name":"by time","function":"m","args":{},"schedule":"0 3 * * *",)"
          R"("nextRunAt":1795316400000},{"name":"often","function":"m","args":{},)"
          R"("schedule":{"intervalMs":3600000},"nextRunAt":1795271400000}]})");
}

TEST_F(ListTest, PagesThroughItsAnswer) {
  for (int i = 0; i < 3; ++i)
    add_job("m", kStart + kHour);
  const auto first = answer(R"({"status":"pending","limit":2})");
  ASSERT_TRUE(first);
  const Value& cursor = *first->as_object().find("continueCursor");
  ASSERT_TRUE(cursor.is_text());
  EXPECT_EQ(*first->as_object().find("isDone"), Value(false));
  const auto second = answer(R"({"status":"pending","limit":2,"cursor":)" + to_json(cursor) + "}");
  ASSERT_TRUE(second);
  EXPECT_EQ(second->as_object().find("jobs")->as_array().size(), 1U);
  EXPECT_EQ(*second->as_object().find("isDone"), Value(true));
}

TEST_F(ListTest, NamesWhatItDoesNotTake) {
  const auto message = [this](const std::string& args) {
    const auto refused = answer(args);
    return refused ? std::string() : refused.error().message();
  };
  EXPECT_EQ(message("5"), "jobs are listed by { status?, cursor?, limit? }");
  EXPECT_EQ(message(R"({"status":"lost"})"),
            "status must be pending, running, completed, failed or cancelled");
  EXPECT_EQ(message(R"({"limit":0})"), "limit must be from 1 to 1000");
  EXPECT_EQ(message(R"({"limit":1001})"), "limit must be from 1 to 1000");
  EXPECT_EQ(message(R"({"cursor":"x"})"), "cursor must be the continueCursor of the page before");
  EXPECT_EQ(message(R"({"cursor":"x~y"})"), "cursor must be the continueCursor of the page before");
  EXPECT_EQ(message(R"({"state":"failed"})"),
            "unknown argument \"state\"; jobs are listed by status, cursor, limit");
}

}  // namespace
}  // namespace moonstone::runtime::jobs
