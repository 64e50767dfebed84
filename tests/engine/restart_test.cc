// Moonstone. Licence: see LICENSE.
// After a failed sync nothing is acknowledged before the store was opened again from the disk;
// while that is impossible, writes are refused, reads go on, and everything works again once the
// disk does.
#include <algorithm>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include <gtest/gtest.h>

#include "tests/engine/database_fixture.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;
using test::Fault;
using test::FaultVfs;
using test::FileKind;
using test::Verdict;

/// Remembers what it was told.
class Listener final : public CommitObserver {
 public:
  void on_commit(const CommitPtr& commit) override {
    const std::lock_guard lock(mutex_);
    versions_.push_back(commit->version);
    told_everything_ = told_everything_ || commit->everything;
  }
  bool told_everything() {
    const std::lock_guard lock(mutex_);
    return std::exchange(told_everything_, false);
  }
  std::vector<Version> versions() {
    const std::lock_guard lock(mutex_);
    return versions_;
  }

 private:
  std::mutex mutex_;
  std::vector<Version> versions_;
  bool told_everything_ = false;
};

class RestartTest : public DatabaseTest {
 protected:
  void SetUp() override {
    DatabaseOptions options;
    options.store.vfs = vfs_.name();
    open(std::move(options));
    database_->add_observer(listener_);
  }
  void TearDown() override { database_.reset(); }

  Result<MutationOutcome> add(const std::string& text, const std::string& id = {}) {
    Session session;
    session.client = id.empty() ? "" : "client";
    return mutate(
        [&text](Transaction& tx) -> Result<Json> {
          Object event;
          event.append("text", text);
          MS_TRY_STATUS(tx.insert("events", std::move(event)));
          return Json("\"" + text + "\"");
        },
        session, id);
  }

  std::vector<std::string> texts() {
    std::vector<std::string> all;
    for (const query::Row& row : read_all("events"))
      all.push_back(row.values[0].as_text());
    return all;
  }

  /// The database looks after itself; a test can only wait for it.
  void wait_until_well() const {
    while (database_->failure())
      std::this_thread::yield();
  }

  FaultVfs vfs_;  // goes after the database
  Listener listener_;
};

TEST_F(RestartTest, AnswersAfterOpeningTheStoreAgain) {
  ASSERT_TRUE(add("before"));
  vfs_.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  const auto outcome = add("failed");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(vfs_.struck(), 1U);
  EXPECT_EQ(database_->counters().restarts, 1U);
  EXPECT_TRUE(listener_.told_everything());
  ASSERT_TRUE(add("after"));
  EXPECT_EQ(texts(), (std::vector<std::string>{"before", "failed", "after"}));
  EXPECT_TRUE(std::ranges::is_sorted(listener_.versions()));
}

TEST_F(RestartTest, WritesALongLogAgain) {
  const std::string long_text(1'000'000, 'x');
  ASSERT_TRUE(add(long_text));
  vfs_.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  const auto outcome = add("failed");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(database_->counters().restarts, 1U);
  EXPECT_EQ(texts(), (std::vector<std::string>{long_text, "failed"}));
}

TEST_F(RestartTest, RunsACallAgainThatNeverReachedTheDisk) {
  vfs_.arm({.operation = Fault::Operation::Write, .kind = FileKind::Wal});
  const auto outcome = add("once");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(database_->counters().restarts, 1U);
  EXPECT_EQ(texts(), std::vector<std::string>{"once"});
}

TEST_F(RestartTest, RefusesWritesAndServesReadsUntilTheDiskIsBack) {
  ASSERT_TRUE(add("before"));
  const auto reader = database_->new_reader().value();
  vfs_.arm({.operation = Fault::Operation::Sync, .duration = Fault::Duration::Lasting});
  const auto doubtful = add("doubtful", "1");
  ASSERT_FALSE(doubtful);
  EXPECT_EQ(doubtful.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(doubtful.error().reason(), "outcome_unknown");
  ASSERT_TRUE(database_->failure());
  EXPECT_EQ(database_->failure()->reason(), "storage_failed");

  const auto refused = add("refused");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "storage_failed");
  const auto schema =
      database_->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No);
  ASSERT_FALSE(schema);
  EXPECT_EQ(schema.error().reason(), "storage_failed");
  EXPECT_TRUE(reader->begin()) << "a reader of before";
  reader->end();
  EXPECT_EQ(texts().front(), "before");

  vfs_.disarm();
  wait_until_well();
  EXPECT_TRUE(listener_.told_everything());
  // Sent again under its id it is applied once, whatever had become of it.
  const auto again = add("doubtful", "1");
  ASSERT_TRUE(again) << again.error().message();
  EXPECT_EQ(again->result_json, "\"doubtful\"");
  EXPECT_TRUE(reader->begin());
  reader->end();
  EXPECT_EQ(texts(), (std::vector<std::string>{"before", "doubtful"}));
}

TEST_F(RestartTest, GoesReadOnlyWithTheDiskAndSaysSo) {
  ASSERT_TRUE(add("before"));
  vfs_.arm({.operation = Fault::Operation::Write,
            .verdict = Verdict::ReadOnly,
            .duration = Fault::Duration::Lasting});
  const auto noticed = add("late");
  ASSERT_FALSE(noticed);
  ASSERT_TRUE(database_->failure());
  EXPECT_EQ(texts(), std::vector<std::string>{"before"});
  vfs_.disarm();
  wait_until_well();
  EXPECT_TRUE(add("after"));
}

TEST_F(RestartTest, IsShutDownWhileTheDiskIsAway) {
  vfs_.arm({.operation = Fault::Operation::Sync, .duration = Fault::Duration::Lasting});
  EXPECT_FALSE(add("lost"));
  ASSERT_TRUE(database_->failure());
  database_->shut_down();
  const auto refused = add("late");
  ASSERT_FALSE(refused);
}

TEST_F(RestartTest, WhoWaitedForATurnThatMetTheFailingDiskIsRefused) {
  auto turn = database_->begin_turn({});
  ASSERT_TRUE(turn) << turn.error().message();
  ASSERT_TRUE((*turn)->use([](Transaction& transaction) -> Status {
    MS_TRY_STATUS(transaction.insert("events", {{"text", "of the turn"}}));
    return {};
  }));
  std::promise<Result<MutationOutcome>> waited;
  MutationCall call;
  call.body = [](Transaction& transaction) -> Result<Json> {
    MS_TRY_STATUS(transaction.insert("events", {{"text", "behind it"}}));
    return Json();
  };
  call.done = [&waited](Result<MutationOutcome> outcome) { waited.set_value(std::move(outcome)); };
  database_->submit(std::move(call));
  while (database_->counters().queued > 0)
    std::this_thread::yield();  // until the writer's thread has it, and waits for the turn
  vfs_.arm({.operation = Fault::Operation::Sync, .duration = Fault::Duration::Lasting});
  const auto committed = (*turn)->commit();
  ASSERT_FALSE(committed);
  EXPECT_EQ(committed.error().reason(), "outcome_unknown");
  const auto outcome = waited.get_future().get();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().reason(), "storage_failed");
  vfs_.disarm();
  wait_until_well();
  EXPECT_TRUE(add("after"));
}

TEST_F(RestartTest, ATurnBehindAGroupThatMetTheFailingDiskIsRefused) {
  std::latch entered(1);
  std::latch released(1);
  MutationCall call;
  call.body = [&](Transaction& transaction) -> Result<Json> {
    entered.count_down();
    released.wait();
    MS_TRY_STATUS(transaction.insert("events", {{"text", "lost"}}));
    return Json();
  };
  std::promise<bool> answered;
  call.done = [&answered](const Result<MutationOutcome>& outcome) {
    answered.set_value(outcome.has_value());
  };
  database_->submit(std::move(call));
  entered.wait();
  std::latch begins(1);
  auto turn = std::async(std::launch::async, [&] {
    begins.count_down();
    return database_->begin_turn({});
  });
  begins.wait();
  vfs_.arm({.operation = Fault::Operation::Sync, .duration = Fault::Duration::Lasting});
  released.count_down();
  EXPECT_FALSE(answered.get_future().get());
  const auto begun = turn.get();
  ASSERT_FALSE(begun);
  EXPECT_EQ(begun.error().reason(), "storage_failed");
  vfs_.disarm();
  wait_until_well();
  EXPECT_TRUE(database_->begin_turn({}));
}

TEST_F(RestartTest, FinishesASchemaChangeWhoseSyncFailed) {
  ASSERT_TRUE(add("before"));
  schema::Schema next = parse_test_schema(R"json({"tables":{
    "accounts":{"fields":{"owner":{"type":"string"}},"indexes":[]},
    "events":{"fields":{"text":{"type":"string"},"data":{"type":"optional","value":{"type":"any"}}},
      "indexes":[{"name":"by_text","fields":["text"]}]}}})json");
  vfs_.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  int applied = 0;
  const auto outcome =
      database_->apply_schema(next, store::Writer::AllowDataLoss::Yes,
                              [&applied](const store::Writer::SchemaOutcome&) { ++applied; });
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(vfs_.struck(), 1U);
  EXPECT_EQ(applied, 1);
  EXPECT_EQ(outcome->schema_version, database_->schema_version());
  EXPECT_EQ(database_->schema()->find_table("events")->indexes.size(), 1U);
  EXPECT_TRUE(add("after"));
}

TEST_F(RestartTest, WaitsForSnapshotsAndTheyStayWhole) {
  ASSERT_TRUE(add("before"));
  const auto reader = database_->new_reader().value();
  const auto snapshot = reader->begin();
  ASSERT_TRUE(snapshot);
  vfs_.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  auto writing = std::async(std::launch::async, [this] { return add("meanwhile"); });
  while (vfs_.struck() == 0)
    std::this_thread::yield();
  DocumentReader documents(reader->source(), {});
  const auto rows =
      documents.select({.table = "events", .where = nullptr, .order = {}, .limit = {}});
  ASSERT_TRUE(rows) << rows.error().message();
  EXPECT_EQ(rows->size(), 1U);
  reader->end();
  EXPECT_TRUE(writing.get());
  EXPECT_EQ(texts(), (std::vector<std::string>{"before", "meanwhile"}));
}

}  // namespace
}  // namespace moonstone::engine
