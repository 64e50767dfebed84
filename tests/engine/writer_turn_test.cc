// Moonstone. Licence: see LICENSE.
#include "engine/writer_turn.h"

#include <future>
#include <thread>

#include "tests/engine/database_fixture.h"

namespace moonstone::engine {
namespace {

class WriterTurnTest : public DatabaseTest {
 protected:
  std::unique_ptr<WriterTurn> begin(TurnOptions options = {}) {
    auto turn = database_->begin_turn(std::move(options));
    EXPECT_TRUE(turn) << turn.error().message();
    return turn ? *std::move(turn) : nullptr;
  }

  static Status insert(WriterTurn& turn, const std::string& owner) {
    return turn.use([&](Transaction& transaction) -> Status {
      MS_TRY_STATUS(transaction.insert("accounts", {{"owner", owner}, {"balance", 1.0}}));
      return {};
    });
  }
};

TEST_F(WriterTurnTest, WhatItsStepsWroteIsThereAfterItsCommitAndNotBefore) {
  open();
  const auto turn = begin();
  const Version before = database_->version();
  ASSERT_TRUE(insert(*turn, "ada"));
  ASSERT_TRUE(insert(*turn, "lin"));
  EXPECT_TRUE(read_all("accounts").empty());
  const auto version = turn->commit();
  ASSERT_TRUE(version) << version.error().message();
  EXPECT_EQ(*version, before + 1);
  EXPECT_EQ(database_->version(), *version);
  EXPECT_EQ(read_all("accounts").size(), 2U);
  EXPECT_EQ(insert(*turn, "late").error().reason(), "turn_ended");
}

TEST_F(WriterTurnTest, ItReadsWhatItWrote) {
  open();
  const auto turn = begin();
  ASSERT_TRUE(insert(*turn, "ada"));
  std::size_t found = 0;
  ASSERT_TRUE(turn->use([&](Transaction& transaction) -> Status {
    MS_TRY(const auto rows,
           transaction.select({.table = "accounts", .where = {}, .order = {}, .limit = {}}));
    found = rows.size();
    return {};
  }));
  EXPECT_EQ(found, 1U);
}

TEST_F(WriterTurnTest, WithoutACommitNothingOfItStays) {
  open();
  {
    const auto dropped = begin();
    ASSERT_TRUE(insert(*dropped, "ada"));
  }
  const auto rolled_back = begin();
  ASSERT_TRUE(insert(*rolled_back, "lin"));
  rolled_back->rollback();
  EXPECT_TRUE(read_all("accounts").empty());
  insert_account("eve", 1);
  EXPECT_EQ(read_all("accounts").size(), 1U);
}

TEST_F(WriterTurnTest, SqlOfTheApplicationIsPartOfItAlsoWhereNoModelIs) {
  open();
  const auto run = [](WriterTurn& turn, std::string_view sql) {
    std::vector<std::vector<Value>> rows;
    const Status done = turn.use([&](Transaction& transaction) -> Status {
      MS_TRY(store::SqlRows found, transaction.run_sql(sql, {}));
      rows = std::move(found.rows);
      return {};
    });
    EXPECT_TRUE(done) << done.error().message();
    return rows;
  };
  const auto turn = begin();
  run(*turn, "CREATE TABLE notes (body TEXT) STRICT");
  run(*turn, "INSERT INTO notes VALUES ('kept')");
  ASSERT_TRUE(turn->commit());
  {
    const auto dropped = begin();
    run(*dropped, "DELETE FROM notes");
  }
  const auto reading = begin();
  const auto rows = run(*reading, "SELECT body FROM notes");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0][0], Value("kept"));
}

/// Remembers what it was told.
class Commits final : public CommitObserver {
 public:
  void on_commit(const CommitPtr& commit) override { commits.push_back(commit); }
  std::vector<CommitPtr> commits;
};

TEST_F(WriterTurnTest, WhatAFailedStatementLeavesBehindIsAnnounced) {
  open();
  Commits observer;
  database_->add_observer(observer);
  const auto turn = begin();
  const Status failed = turn->use([](Transaction& transaction) -> Status {
    MS_TRY_STATUS(
        transaction.run_sql("INSERT OR FAIL INTO accounts(_row,_id,owner,balance) VALUES"
                            "(8,'accounts:01ARZ3NDEKTSV4RRFFQ69G5FAV','ada',1),"
                            "(8,'accounts:01ARZ3NDEKTSV4RRFFQ69G5FAW','lin',1)",
                            {}));
    return {};
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason(), "unique");
  ASSERT_TRUE(turn->commit());
  database_->remove_observer(observer);
  ASSERT_EQ(read_all("accounts").size(), 1U) << "FAIL keeps the rows before the one that failed";
  ASSERT_EQ(observer.commits.size(), 1U);
  EXPECT_EQ(observer.commits.front()->changes.size(), 1U);
}

TEST_F(WriterTurnTest, AStatementThatFailsAsAWholeIsNotAnnounced) {
  open();
  Commits observer;
  database_->add_observer(observer);
  const auto turn = begin();
  ASSERT_FALSE(turn->use([](Transaction& transaction) -> Status {
    MS_TRY_STATUS(
        transaction.run_sql("INSERT INTO accounts(_row,_id,owner,balance) VALUES"
                            "(8,'accounts:01ARZ3NDEKTSV4RRFFQ69G5FAV','ada',1),"
                            "(8,'accounts:01ARZ3NDEKTSV4RRFFQ69G5FAW','lin',1)",
                            {}));
    return {};
  }));
  ASSERT_TRUE(turn->commit());
  database_->remove_observer(observer);
  EXPECT_TRUE(read_all("accounts").empty());
  ASSERT_EQ(observer.commits.size(), 1U);
  EXPECT_TRUE(observer.commits.front()->changes.empty());
}

TEST_F(WriterTurnTest, AFailedStepLeavesTheOthers) {
  open();
  const auto turn = begin();
  ASSERT_TRUE(insert(*turn, "ada"));
  EXPECT_FALSE(turn->use([&](Transaction& transaction) -> Status {
    MS_TRY_STATUS(transaction.insert("accounts", {{"owner", 7}}));
    return {};
  }));
  ASSERT_TRUE(turn->commit());
  EXPECT_EQ(read_all("accounts").size(), 1U);
}

TEST_F(WriterTurnTest, MutationsWaitForItsEnd) {
  open();
  auto turn = begin();
  ASSERT_TRUE(insert(*turn, "ada"));
  auto other = std::async(std::launch::async, [&] { return insert_account("lin", 1); });
  ASSERT_TRUE(insert(*turn, "eve"));
  ASSERT_TRUE(turn->commit());
  other.get();
  std::vector<std::string> owners;
  for (const query::Row& row : read_all("accounts"))
    owners.push_back(row.values[0].as_text());
  EXPECT_EQ(owners, (std::vector<std::string>{"ada", "eve", "lin"}));
}

TEST_F(WriterTurnTest, AnExpiredLeaseEndsItOnceSomebodyWaits) {
  open();
  const auto turn = begin({.session = {},
                           .function = "slow",
                           .lease = std::chrono::milliseconds(1),
                           .wait_max = std::chrono::milliseconds(1000)});
  ASSERT_TRUE(insert(*turn, "ada"));
  insert_account("lin", 1);
  EXPECT_EQ(turn->commit().error().reason(), "turn_expired");
  EXPECT_EQ(read_all("accounts").size(), 1U);
}

TEST_F(WriterTurnTest, ASecondTurnIsRefusedAfterItsPatience) {
  open();
  const auto turn = begin();
  const auto second = database_->begin_turn({.session = {},
                                             .function = "second",
                                             .lease = std::chrono::milliseconds(1000),
                                             .wait_max = std::chrono::milliseconds(1)});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().reason(), "writer_busy");
}

TEST_F(WriterTurnTest, ItsCommitReachesObserversAndTheLog) {
  open();
  Commits observer;
  database_->add_observer(observer);
  const auto turn = begin({.session = {.identity = {}, .client = "c1"},
                           .function = "orm",
                           .lease = std::chrono::milliseconds(1000),
                           .wait_max = std::chrono::milliseconds(1000)});
  ASSERT_TRUE(insert(*turn, "ada"));
  ASSERT_TRUE(turn->commit());
  database_->remove_observer(observer);
  ASSERT_EQ(observer.commits.size(), 1U);
  EXPECT_EQ(observer.commits.front()->changes.size(), 1U);
  const auto log = database_->read_log(0, 10);
  ASSERT_TRUE(log);
  EXPECT_EQ(log->size(), 1U);
}

TEST_F(WriterTurnTest, ShuttingDownEndsIt) {
  open();
  const auto turn = begin();
  ASSERT_TRUE(insert(*turn, "ada"));
  std::thread closing([&] { database_->shut_down(); });
  closing.join();
  EXPECT_FALSE(database_->begin_turn({}));
}

}  // namespace
}  // namespace moonstone::engine
