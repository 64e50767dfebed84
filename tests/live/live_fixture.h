// Moonstone. Licence: see LICENSE.
#pragma once
// LiveQueries on a real database in a temporary folder, and subscribers that remember what they
// hear.

#include <chrono>
#include <condition_variable>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/json.h"
#include "engine/database.h"
#include "engine/transaction.h"
#include "live/live_queries.h"
#include "query/query.h"
#include "query/row.h"

namespace moonstone::live::testing {

/// How long a test waits for what must happen; only a failing test waits that long.
inline constexpr std::chrono::seconds kPatience{60};

inline constexpr std::string_view kItemsSchema = R"json({"tables":{
  "items":{"fields":{"group":{"type":"number"},"rank":{"type":"number"},
      "note":{"type":"optional","value":{"type":"union","value":[{"type":"string"},{"type":"null"}]}},
      "text":{"type":"optional","value":{"type":"string"}}},
    "indexes":[{"name":"by_group","fields":["group"]},{"name":"by_rank","fields":["rank"]}],
    "searchIndexes":[{"name":"s","searchField":"text"}]}}})json";

/// A door that run functions wait at, so that a test decides when a run goes on.
class Gate {
 public:
  /// Called by a run: says that it is there, and waits until the gate is open.
  void pass() {
    std::unique_lock lock(mutex_);
    ++arrived_;
    changed_.notify_all();
    changed_.wait_for(lock, kPatience, [this] { return is_open_; });
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    changed_.notify_all();
  }
  void close() {
    const std::lock_guard lock(mutex_);
    is_open_ = false;
  }
  [[nodiscard]] bool wait_for_arrivals(int count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return arrived_ >= count; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int arrived_ = 0;
  bool is_open_ = false;
};

/// Remembers everything it hears.
class Collector final : public Subscriber {
 public:
  struct Heard {
    std::uint64_t subscription = 0;
    std::optional<Version> version;  // nothing: a first result
    SharedText json;                 // null: an error
    std::size_t batch = 0;           // number of the call
  };

  void on_first_result(SubscriptionId subscription, const Result<SharedText>& json) override {
    const std::lock_guard lock(mutex_);
    heard_.push_back({subscription.value, std::nullopt, json ? *json : nullptr, ++batches_});
    changed_.notify_all();
  }
  void on_updates(std::span<const Update> updates, Version version) override {
    const std::lock_guard lock(mutex_);
    ++batches_;
    for (const Update& update : updates) {
      heard_.push_back({update.subscription.value, version, update.json, batches_});
    }
    changed_.notify_all();
  }
  [[nodiscard]] bool ready() const override {
    const std::lock_guard lock(mutex_);
    return is_ready_;
  }

  void set_ready(bool is_ready) {
    const std::lock_guard lock(mutex_);
    is_ready_ = is_ready;
  }
  [[nodiscard]] std::vector<Heard> heard() const {
    const std::lock_guard lock(mutex_);
    return heard_;
  }
  [[nodiscard]] std::size_t count() const {
    const std::lock_guard lock(mutex_);
    return heard_.size();
  }
  /// The newest text of a subscription; "" if there is none.
  [[nodiscard]] std::string last(std::uint64_t subscription) const {
    const std::lock_guard lock(mutex_);
    for (auto entry = heard_.rbegin(); entry != heard_.rend(); ++entry) {
      if (entry->subscription == subscription && entry->json) return *entry->json;
    }
    return "";
  }
  [[nodiscard]] bool wait_for_count(std::size_t count) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, kPatience, [&] { return heard_.size() >= count; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Heard> heard_;
  std::size_t batches_ = 0;
  bool is_ready_ = true;
};

inline query::ExprPtr field_is(query::CompareOp op, const std::string& field, Value value) {
  return query::Expr::compare(op, query::Expr::make_field(field),
                              query::Expr::make_literal(std::move(value)));
}

inline query::Query items_where(query::ExprPtr where) {
  query::Query query;
  query.table = "items";
  query.where = std::move(where);
  return query;
}

inline std::string rows_json(const std::vector<query::Row>& rows) {
  std::string text = "[";
  for (const query::Row& row : rows) {
    if (text.size() > 1) text += ',';
    query::write_document_json(row, text);
  }
  return text + "]";
}

inline RunResult make_result(Result<std::string> text, engine::DocumentReader& reader) {
  RunResult result;
  result.footprint = std::make_shared<const query::Footprint>(reader.take_footprint());
  if (text) {
    result.json = std::make_shared<const std::string>(*std::move(text));
  } else {
    result.json = text.error();
  }
  return result;
}

inline store::ReadBudget budget_until(std::chrono::steady_clock::time_point deadline) {
  store::ReadBudget budget;
  budget.deadline = deadline;
  return budget;
}

/// A query that answers the rows of `query` as JSON.
inline RunFunction select_run(query::Query query) {
  return [query = std::move(query)](engine::ReadSession& session, auto deadline) {
    engine::DocumentReader reader(session.source(), budget_until(deadline));
    const auto rows = reader.select(query);
    if (!rows) return make_result(rows.error(), reader);
    return make_result(rows_json(*rows), reader);
  };
}

class LiveFixture : public ::testing::Test {
 protected:
  /// Budgets far above what a loaded machine needs, so that no query changes its lane by accident.
  static LiveOptions patient_options() {
    LiveOptions options;
    options.fast_run_max = std::chrono::seconds(10);
    options.run_max = std::chrono::seconds(60);
    return options;
  }
  /// Whether a run has the deadline of the fast lane under patient_options().
  static bool is_fast_lane(std::chrono::steady_clock::time_point deadline) {
    return deadline - std::chrono::steady_clock::now() < std::chrono::seconds(20);
  }

  LiveFixture() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "moonstone-live-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~LiveFixture() override {
    live_.reset();
    database_.reset();
    std::filesystem::remove_all(folder_);
  }

  void open(LiveOptions options = patient_options()) {
    engine::DatabaseOptions database_options;
    database_options.store.path = (folder_ / "data.db").string();
    database_options.store.durability = store::Durability::Normal;
    auto opened = engine::Database::open(std::move(database_options));
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = *std::move(opened);
    const auto applied =
        database_->apply_schema(schema::parse_schema_json(parse_json(kItemsSchema).value()).value(),
                                store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
    auto live = LiveQueries::create(*database_, options);
    ASSERT_TRUE(live) << live.error().message();
    live_ = *std::move(live);
  }

  static engine::MutationCall make_call(engine::MutationBody body) {
    engine::MutationCall call;
    call.function = "test:mutate";
    call.body = std::move(body);
    return call;
  }
  Version mutate(engine::MutationBody body) {
    const auto outcome = database_->run(make_call(std::move(body)));
    EXPECT_TRUE(outcome) << outcome.error().message();
    return outcome ? outcome->version : 0;
  }
  static Object item(double group, double rank) {
    Object document;
    document.append("group", group);
    document.append("rank", rank);
    return document;
  }
  /// Inserts a row and returns its id.
  std::string insert(double group, double rank) {
    std::string id;
    mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      MS_TRY(id, transaction.insert("items", item(group, rank)));
      return std::optional<std::string>();
    });
    return id;
  }
  void patch(const std::string& id, const std::string& field, double value) {
    mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      Object fields;
      fields.append(field, value);
      MS_TRY_STATUS(transaction.patch(id, std::move(fields)));
      return std::optional<std::string>();
    });
  }

  void erase(const std::string& id) {
    mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      MS_TRY_STATUS(transaction.erase(id));
      return std::optional<std::string>();
    });
  }

  static query::Query in_group(double group) {
    return items_where(field_is(query::CompareOp::Eq, "group", group));
  }
  void subscribe(const SubscriberPtr& subscriber,
                 std::uint64_t id,
                 const std::string& key,
                 RunFunction run) {
    live_->subscribe(subscriber, {id}, {.key = key, .run = std::move(run)});
  }

  std::filesystem::path folder_;
  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<LiveQueries> live_;
};

}  // namespace moonstone::live::testing
