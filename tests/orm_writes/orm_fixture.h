// Moonstone. Licence: see LICENSE.
#pragma once
// A database of models in a temporary folder, and calls of them as JSON.

#include <cstdlib>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/json.h"
#include "engine/database.h"
#include "orm/orm.h"
#include "orm/record_rules.h"
#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"

namespace moonstone::orm {

/// 2026-02-01T10:00:00.000Z
inline constexpr std::int64_t kTestNow = 1'769'940'000'000;

class OrmTest : public ::testing::Test {
 protected:
  OrmTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~OrmTest() override {
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Opens a fresh database for the schema.
  void open(std::string_view lite, OrmOptions options = {}, Random* random = nullptr) {
    const lite::ParseResult parsed = lite::parse(lite);
    ASSERT_TRUE(parsed.valid) << (parsed.errors.empty() ? "" : parsed.errors.front().text);
    auto catalog = lite::make_catalog(*parsed.schema);
    ASSERT_TRUE(catalog) << catalog.error().message();
    auto schema = schema::make_schema(*catalog);
    ASSERT_TRUE(schema) << schema.error().message();
    rules_ = make_record_rules(options);
    engine::DatabaseOptions database_options;
    database_options.store.path = folder_ / "data.db";
    database_options.clock = &clock_;
    database_options.random = random == nullptr ? &random_ : random;
    database_options.limits = limits_;
    database_options.rules = rules_.get();
    auto opened = engine::Database::open(std::move(database_options));
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = *std::move(opened);
    auto applied = database_->apply_schema(*std::move(schema), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
    orm_ = Orm::make(*catalog, options);
  }

  using Body = std::function<Status(engine::Transaction&)>;
  /// Runs the body as one mutation, in the name of `caller_`.
  Status mutate(Body body) {
    engine::MutationCall call;
    call.session.identity = caller_.auth;
    call.function = "test";
    call.body = [body = std::move(body)](
                    engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      MS_TRY_STATUS(body(transaction));
      return std::optional<std::string>();
    };
    MS_TRY_STATUS(database_->run(std::move(call)));
    return {};
  }

  Result<Value> write(engine::Transaction& transaction,
                      std::string_view model,
                      std::string_view method,
                      std::string_view arguments) {
    const Call call{.model = model, .method = method, .arguments = parse_json(arguments).value()};
    MS_TRY(const Outcome outcome, orm_->write(transaction, caller_, call, effects_));
    return to_value(outcome);
  }

  /// One call as a mutation of its own. The answer as JSON, or "error: " and its text.
  std::string run(std::string_view model, std::string_view method, std::string_view arguments) {
    std::string answer;
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      effects_.events.clear();
      MS_TRY(const Value value, write(transaction, model, method, arguments));
      answer = to_json(value);
      return {};
    });
    if (done) return answer;
    error_ = done.error();
    return "error: " + done.error().message();
  }

  /// All rows of a model, in the order of their numbers, with these fields.
  std::string rows(std::string_view model, std::string_view select) {
    return run(model, "findMany",
               std::string(R"({"withDeleted":true,"withTemplates":true,"select":)") +
                   std::string(select) + "}");
  }

  std::filesystem::path folder_;
  ManualClock clock_{kTestNow};
  SeededRandom random_{1};
  engine::Limits limits_;
  std::unique_ptr<engine::RecordRules> rules_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<Orm> orm_;
  Caller caller_;
  Effects effects_;
  std::optional<Error> error_;  // of the last call that failed
};

}  // namespace moonstone::orm
