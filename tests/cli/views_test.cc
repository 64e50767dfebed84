// Moonstone. Licence: see LICENSE.
// What `moonstone top` and `moonstone explain` draw.
#include <gmock/gmock.h>

#include "base/json.h"
#include "cli/explain_view.h"
#include "cli/screen_text.h"
#include "cli/top_view.h"

namespace moonstone::cli {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string page_of(const std::vector<TextLine>& lines) {
  std::string page;
  for (const TextLine& line : lines)
    page += plain_line(line) + "\n";
  return page;
}

Figures busy_figures() {
  Figures figures;
  figures.version = "9.9";
  figures.sockets = 1234;
  figures.queries = {.per_second = 36400, .p50_ms = 0.31, .p99_ms = 12.5};
  figures.group_size = 7.25;
  figures.commits_per_second = 4;
  figures.memory_bytes = 38.0 * 1024 * 1024;
  figures.wal_bytes = 512;
  figures.cpu_percent = 42;
  figures.threads = {{"engine", 30}, {"live", 11}, {"ms-io-1", 0.1}};
  for (int i = 0; i < 50; ++i) {
    figures.functions.push_back({.name = "module:function" + std::to_string(i),
                                 .kind = "query",
                                 .calls = 1,
                                 .pace = {.per_second = 2, .p50_ms = 1.5, .p99_ms = 3},
                                 .cpu_percent = 5,
                                 .documents_per_second = 100});
  }
  return figures;
}

TEST(TopViewTest, FitsTheWindow) {
  for (const ViewSize size :
       {ViewSize{.width = 80, .height = 24}, ViewSize{.width = 20, .height = 5},
        ViewSize{.width = 300, .height = 100}}) {
    const auto lines =
        top_lines(busy_figures(), {.url = "http://localhost:8788", .note = "q quits"}, size);
    EXPECT_LE(lines.size(), size.height);
    for (const TextLine& line : lines)
      EXPECT_LE(width_of(plain_line(line)), size.width) << plain_line(line);
  }
}

TEST(TopViewTest, ShowsTheFigures) {
  const std::string page = page_of(top_lines(busy_figures(), {.url = "http://h", .note = "stopped"},
                                             {.width = 110, .height = 30}));
  EXPECT_THAT(page, HasSubstr("moonstone 9.9  http://h  stopped\n"));
  EXPECT_THAT(page, HasSubstr("sockets 1,234"));
  EXPECT_THAT(page, HasSubstr("queries       36,400      0.31      12.5"));
  EXPECT_THAT(page,
              HasSubstr("mutations          0         -         -   commits/s 4   group 7.25"));
  EXPECT_THAT(page, HasSubstr("memory 38.0 MiB"));
  EXPECT_THAT(page, HasSubstr("WAL 512 B"));
  EXPECT_THAT(page, HasSubstr("processor 42 %   engine 30 %   live 11 %\n"));
  EXPECT_THAT(page, HasSubstr("module:function0 "));
  EXPECT_THAT(page, Not(HasSubstr("module:function49")));
  EXPECT_THAT(top_summary(busy_figures()), HasSubstr("queries/s 36,400 p99 12.5"));
}

TEST(TopViewTest, NamesCannotMoveTheCursor) {
  Figures figures = busy_figures();
  figures.functions.front().name = "evil\x1b[2J\nname";
  const std::string page =
      page_of(top_lines(figures, {.url = "http://h", .note = ""}, {.width = 110, .height = 30}));
  EXPECT_THAT(page, Not(HasSubstr("\x1b")));
  EXPECT_THAT(page, HasSubstr("evil [2J name"));
}

TEST(ScreenTextTest, CountsCharactersAndFits) {
  EXPECT_EQ(width_of("aé…"), 3U);
  EXPECT_EQ(fitted("ab", 4, Align::Right), "  ab");
  EXPECT_EQ(fitted("ab", 4, Align::Left), "ab  ");
  EXPECT_EQ(fitted("äöüß", 3, Align::Left), "äö…");
  EXPECT_EQ(fitted("abc", 0, Align::Left), "");
  EXPECT_EQ(plain_line(cut({{Style::Bold, "abc"}, {Style::Dim, "def"}}, 5)), "abcd…");
  EXPECT_EQ(plain_line(cut({{Style::Bold, "abc"}, {Style::Dim, "def"}}, 3)), "abc");
}

TEST(ScreenTextTest, WritesNumbersShortly) {
  EXPECT_EQ(shown_number(0.0), "0");
  EXPECT_EQ(shown_number(0.256), "0.26");
  EXPECT_EQ(shown_number(7.0), "7");
  EXPECT_EQ(shown_number(12.34), "12.3");
  EXPECT_EQ(shown_number(1234567.0), "1,234,567");
  EXPECT_EQ(shown_number(std::optional<double>()), "-");
  EXPECT_EQ(shown_size(1023), "1023 B");
  EXPECT_EQ(shown_size(1536), "1.5 KiB");
}

TEST(ExplainViewTest, TellsOfALiveQuery) {
  const auto told = parse_json(R"json({
    "query":12,"function":"messages:list","args":"{\"channel\":\"general\"}","subscriptions":3,
    "connections":2,"readsOfCaller":["identity"],"state":"current","lane":"fast","version":7,
    "resultBytes":2048,"runs":5,"reruns":4,"unchanged":1,"failed":0,"stopped":0,
    "cpu":{"last":0.5,"mean":0.6,"max":1.5,"total":3},"documentsRead":{"last":10,"total":50},
    "wokenBy":{"version":7,"everything":false,"table":"messages","key":"messages:1",
      "operation":"insert","function":"messages:send"},
    "dependencies":120,"dependsOn":[{"text":"rows of messages where channel = \"general\"",
      "foundBy":"channel = \"general\""}],
    "reads":[{"kind":"rows","table":"messages","text":"messages where channel = ?","times":1,
      "plan":{"index":"by_channel","isScan":false,"sorts":false,"rowsSteppedOver":0,
        "steps":["SEARCH messages"],"sql":"SELECT 1"}}],
    "advice":["add an index"]})json");
  ASSERT_TRUE(told);
  const std::string page = page_of(explanation_lines(told->as_object(), ExplainOptions::Sql::Hide));
  EXPECT_THAT(page, HasSubstr("messages:list {\"channel\":\"general\"}\n"));
  EXPECT_THAT(page, HasSubstr("12, current, fast lane"));
  EXPECT_THAT(page, HasSubstr("3 subscriptions of 2 connections; one result for each identity"));
  EXPECT_THAT(page, HasSubstr("insert of messages:1 by messages:send, version 7"));
  EXPECT_THAT(page, HasSubstr("by the index by_channel"));
  EXPECT_THAT(page, HasSubstr("… and 119 more"));
  EXPECT_THAT(page, HasSubstr("add an index"));
  EXPECT_THAT(page, Not(HasSubstr("SELECT 1")));
  EXPECT_THAT(page_of(explanation_lines(told->as_object(), ExplainOptions::Sql::Show)),
              HasSubstr("SELECT 1"));
}

TEST(ExplainViewTest, TellsOfARunThatFailed) {
  const auto told = parse_json(R"json({"function":"a:b","args":"{}","version":1,"ms":2,"cpu":1,
    "documentsRead":4,"bytesRead":100,"readsOfCaller":[],"error":"it fell",
    "reads":[{"kind":"count","table":"t","text":"t where a = ?","times":2,"found":8,"ms":0.5,
      "plan":{"index":null,"isScan":true,"rowsSteppedOver":2000,"steps":[],"sql":""}}]})json");
  ASSERT_TRUE(told);
  const std::string page = page_of(explanation_lines(told->as_object(), ExplainOptions::Sql::Hide));
  EXPECT_THAT(page, HasSubstr("failed      it fell"));
  EXPECT_THAT(page, HasSubstr("4 documents, 100 B"));
  EXPECT_THAT(page, HasSubstr("one result for all callers"));
  EXPECT_THAT(page, HasSubstr("2 × the number of t where a = ?: 8 found, 0.50 ms"));
  EXPECT_THAT(page, HasSubstr("row by row, 2,000 looked at"));
}

TEST(ExplainViewTest, ListsLiveQueriesInTheWidth) {
  const auto listed = parse_json(R"json([{"query":12,"function":"messages:list",
    "args":"{\"channel\":\"a very long name of a channel that does not fit at all\"}",
    "subscriptions":3,"runs":1000,"unchanged":1,"cpu":{"total":3,"mean":0.5},"resultBytes":2048,
    "lane":"slow"}])json");
  ASSERT_TRUE(listed);
  const auto lines = live_query_lines(listed->as_array(), 110);
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_THAT(plain_line(lines[0]), HasSubstr("query  function"));
  EXPECT_THAT(plain_line(lines[1]), HasSubstr("12  messages:list"));
  EXPECT_THAT(plain_line(lines[1]), HasSubstr("1,000"));
  EXPECT_THAT(plain_line(lines[1]), HasSubstr("slow"));
  EXPECT_LE(width_of(plain_line(lines[1])), 110U);
}

}  // namespace
}  // namespace moonstone::cli
