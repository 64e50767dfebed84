// Moonstone. Licence: see LICENSE.
#include "base/log.h"

#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "base/thread.h"

namespace moonstone {
namespace {

class KeepingSink final : public LogSink {
 public:
  void write_line(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

class LogTest : public testing::Test {
 protected:
  std::unique_ptr<Logger> make(LogFormat format, LogLevel least = LogLevel::Debug) {
    return make_logger(sink_, clock_, format, least);
  }

  KeepingSink sink_;
  ManualClock clock_{1'753'184'523'007};  // 2025-07-22 11:42:03.007 UTC
};

TEST_F(LogTest, JsonLinesHaveFixedFieldsFirst) {
  make(LogFormat::Json)
      ->log(LogLevel::Info, "server", "listening",
            {{"port", 3210}, {"address", "[::1]"}, {"tls", false}});
  ASSERT_EQ(sink_.lines.size(), 1U);
  EXPECT_EQ(sink_.lines[0], R"({"ts":"2025-07-22T11:42:03.007Z","level":"info","module":"server",)"
                            R"("event":"listening","port":3210,"address":"[::1]","tls":false})"
                            "\n");
}

TEST_F(LogTest, AJsonLineHoldsNoOtherLineFeed) {
  make(LogFormat::Json)->log(LogLevel::Error, "runtime", "failed", {{"message", "a\nb\r\"c\""}});
  ASSERT_EQ(sink_.lines.size(), 1U);
  EXPECT_EQ(sink_.lines[0].find('\n'), sink_.lines[0].size() - 1);
  const Value line = parse_json(sink_.lines[0]).value();
  EXPECT_EQ(*line.as_object().find("message"), Value("a\nb\r\"c\""));
  EXPECT_EQ(*line.as_object().find("level"), Value("error"));
}

TEST_F(LogTest, HumanLinesAreReadableAndQuoteWhatIsUnclear) {
  make(LogFormat::Human)
      ->log(LogLevel::Warn, "engine", "slow_commit",
            {{"ms", 12.5},
             {"table", "tasks"},
             {"note", "two words"},
             {"cause", "a\nb"},
             {"empty", ""},
             {"absent", Value()},
             {"ids", Array{1, 2}}});
  ASSERT_EQ(sink_.lines.size(), 1U);
  EXPECT_EQ(sink_.lines[0],
            "2025-07-22T11:42:03.007Z warn  engine: slow_commit ms=12.5 table=tasks "
            "note=\"two words\" cause=\"a\\nb\" empty=\"\" ids=[1,2]\n");
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  const auto logger = make(LogFormat::Human, LogLevel::Warn);
  for (const LogLevel level : {LogLevel::Debug, LogLevel::Info, LogLevel::Warn, LogLevel::Error}) {
    logger->log(level, "base", "event", {});
  }
  EXPECT_EQ(sink_.lines.size(), 2U);
}

TEST_F(LogTest, LinesOfSeveralThreadsDoNotInterleave) {
  const auto logger = make(LogFormat::Json);
  {
    std::vector<std::jthread> threads;
    for (int thread = 0; thread < 4; ++thread) {
      threads.push_back(start_thread("log", [&logger, thread](const std::stop_token& /*stop*/) {
        for (int line = 0; line < 200; ++line) {
          logger->log(LogLevel::Info, "base", "event", {{"thread", thread}, {"line", line}});
        }
      }));
    }
  }
  ASSERT_EQ(sink_.lines.size(), 800U);
  for (const std::string& line : sink_.lines) {
    EXPECT_TRUE(parse_json(line).has_value()) << line;
  }
}

TEST(StderrLoggerTest, WritesToStandardErrorInTheAskedFormat) {
  testing::internal::CaptureStderr();
  stderr_logger(LogFormat::Json, LogLevel::Info).log(LogLevel::Debug, "base", "dropped", {});
  stderr_logger(LogFormat::Json, LogLevel::Info).log(LogLevel::Info, "base", "kept", {{"a", 1}});
  stderr_logger(LogFormat::Human, LogLevel::Error).log(LogLevel::Error, "base", "human", {});
  null_logger().log(LogLevel::Error, "base", "nowhere", {});
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("dropped"), std::string::npos);
  EXPECT_NE(text.find(R"("event":"kept","a":1})"), std::string::npos) << text;
  EXPECT_NE(text.find("error base: human\n"), std::string::npos) << text;
  EXPECT_EQ(text.find("nowhere"), std::string::npos);
}

}  // namespace
}  // namespace moonstone
