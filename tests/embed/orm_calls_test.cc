// Moonstone. Licence: see LICENSE.
//
// The calls that all faces answer, through the public API: tests/embed/golden/orm_calls.json holds
// them with their answers, which the addon gave and the suites of packages/orm judge.
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include <gtest/gtest.h>

#include "base/json.h"
#include "moonstone/orm.h"

namespace moonstone::embed {
namespace {

Value read_calls() {
  std::ifstream file(MS_SOURCE_DIR "/tests/embed/golden/orm_calls.json");
  std::ostringstream text;
  text << file.rdbuf();
  auto calls = parse_json(text.str());
  EXPECT_TRUE(calls);
  return calls ? *std::move(calls) : Value(Object());
}

std::string text_of(const Value& object, std::string_view name) {
  const Value* const member = object.as_object().find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

class OrmCallsTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path folder_;
};

TEST_F(OrmCallsTest, AnswersWhatAllFacesAnswer) {
  const Value file = read_calls();
  auto opened = Orm::open({.path = folder_ / "app.db",
                           .schema = text_of(file, "schema"),
                           .durability = Durability::Normal,
                           .pluralize = false,
                           .auth_json = {}});
  ASSERT_TRUE(opened) << opened.error().message;
  const std::unique_ptr<Orm> orm = *std::move(opened);
  const Value* const calls = file.as_object().find("calls");
  ASSERT_NE(calls, nullptr);
  for (const Value& call : calls->as_array()) {
    const std::string arguments_text = to_json(*call.as_object().find("args"));
    SCOPED_TRACE(text_of(call, "model") + "." + text_of(call, "method") + " " + arguments_text);
    const auto arguments = Arguments::parse(arguments_text);
    ASSERT_TRUE(arguments);
    const auto answer = orm->call(text_of(call, "model"), text_of(call, "method"), *arguments);
    if (const Value* const result = call.as_object().find("result")) {
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_EQ(answer->json(), to_json(*result));
    } else {
      ASSERT_FALSE(answer);
      EXPECT_EQ(answer.error().message, text_of(*call.as_object().find("error"), "message"));
    }
  }
}

}  // namespace
}  // namespace moonstone::embed
