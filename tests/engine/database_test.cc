// Moonstone. Licence: see LICENSE.
#include "engine/database.h"

#include <atomic>
#include <condition_variable>
#include <future>
#include <latch>
#include <mutex>
#include <thread>

#include "tests/engine/database_fixture.h"
#include "tests/store/other_program.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;

/// Holds the writer until released, so that calls pile up behind it.
class Gate {
 public:
  MutationBody body() {
    return [this](Transaction&) -> Result<Json> {
      entered_.count_down();
      released_.wait();
      return Json();
    };
  }
  void wait_until_entered() { entered_.wait(); }
  void release() { released_.count_down(); }

 private:
  std::latch entered_{1};
  std::latch released_{1};
};

TEST_F(DatabaseTest, AFullQueueRefusesAllButTheSystemsOwnCalls) {
  DatabaseOptions options;
  options.limits.queue_max = 1;
  open(std::move(options));
  const auto nothing = [](Transaction&) -> Result<Json> { return Json(); };
  std::vector<std::string> ends;
  std::latch all_ended{4};
  const auto submit = [&](std::string name, MutationBody body, bool is_exempt) {
    MutationCall call;
    call.function = name;
    call.body = std::move(body);
    call.is_exempt = is_exempt;
    call.done = [&ends, &all_ended, name](Result<MutationOutcome> outcome) {
      ends.push_back(name + (outcome ? "" : ": " + outcome.error().reason()));
      all_ended.count_down();
    };
    database_->submit(std::move(call));
  };
  Gate gate;
  submit("first", gate.body(), false);
  gate.wait_until_entered();
  submit("second", nothing, false);
  submit("third", nothing, false);
  EXPECT_EQ(ends, std::vector<std::string>{"third: queue_full"});
  submit("own", nothing, true);
  gate.release();
  all_ended.wait();
  EXPECT_EQ(ends, (std::vector<std::string>{"third: queue_full", "first", "second", "own"}));
}

/// Remembers whether it was told that everything may have changed.
class OutsideChanges final : public CommitObserver {
 public:
  void on_commit(const CommitPtr& commit) override { told_ = told_ || commit->everything; }
  bool take() { return told_.exchange(false); }

 private:
  std::atomic<bool> told_ = false;
};

TEST_F(DatabaseTest, WhatAnotherProgramWroteBeforeAPruningIsAnnounced) {
  open();
  OutsideChanges changes;
  database_->add_observer(changes);
  store::OtherProgram other(folder_.file("data.db"));
  // So many changes that the log is looked at after the second call, once that is answered.
  for (int call_number = 1; call_number <= 2; ++call_number) {
    std::promise<bool> answered;
    MutationCall call;
    call.body = [](Transaction& tx) -> Result<Json> {
      for (int i = 0; i < 10'000; ++i)
        MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"ada","balance":1})")));
      return Json();
    };
    call.done = [&](const Result<MutationOutcome>& outcome) {
      if (call_number == 2) other.run("UPDATE accounts SET balance=7 WHERE _row=1");
      answered.set_value(outcome.has_value());
    };
    database_->submit(std::move(call));
    ASSERT_TRUE(answered.get_future().get());
  }
  ASSERT_TRUE(mutate([](Transaction&) -> Result<Json> { return Json(); }));
  EXPECT_TRUE(changes.take());
  database_->remove_observer(changes);
}

TEST_F(DatabaseTest, CommitsThatAreTooBigToBeListedArePrunedFor) {
  ManualClock clock(1'800'000'000'000);
  DatabaseOptions options;
  options.clock = &clock;
  open(std::move(options));
  const auto insert_many = [](int count) -> MutationBody {
    return [count](Transaction& tx) -> Result<Json> {
      for (int i = 0; i < count; ++i)
        MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"ada","balance":1})")));
      return Json();
    };
  };
  Session session;
  session.client = "silent from now on";
  ASSERT_TRUE(mutate(insert_many(1), session, "1"));
  store::OtherProgram other(folder_.file("data.db"));
  EXPECT_EQ(other.text("SELECT count(*) FROM _moonstone_clients"), "1\n");
  clock.advance(std::chrono::hours(24 * 31));
  ASSERT_TRUE(mutate(insert_many(20'000)));
  ASSERT_TRUE(mutate(insert_many(0)));  // behind the pruning
  EXPECT_EQ(other.text("SELECT count(*) FROM _moonstone_clients"), "0\n");
  database_.reset();  // before the clock
}

TEST_F(DatabaseTest, WhatAnotherProgramWroteBeforeADeployIsAnnounced) {
  open();
  insert_account("ada", 1);
  OutsideChanges changes;
  database_->add_observer(changes);
  store::OtherProgram(folder_.file("data.db")).run("UPDATE accounts SET balance=7");
  ASSERT_TRUE(database_->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No));
  ASSERT_TRUE(mutate([](Transaction&) -> Result<Json> { return Json(); }));
  EXPECT_TRUE(changes.take());
  database_->remove_observer(changes);
}

TEST_F(DatabaseTest, ANumberThatAFailedCallTookIsGivenAgain) {
  open();
  const store::SequenceScope scope{.model = "Invoice", .field = "number", .scope = "a"};
  std::vector<std::int64_t> numbers;
  const auto take = [&](Transaction& tx) -> Status {
    MS_TRY(const std::int64_t number, tx.next_number(scope, std::nullopt));
    numbers.push_back(number);
    return {};
  };
  // Behind a held writer the calls become one group, which the last of them makes durable.
  Gate gate;
  std::latch all_ended{3};
  const auto submit = [&](MutationBody body) {
    MutationCall call;
    call.body = std::move(body);
    call.done = [&all_ended](const Result<MutationOutcome>&) { all_ended.count_down(); };
    database_->submit(std::move(call));
  };
  submit(gate.body());
  gate.wait_until_entered();
  submit([&](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(take(tx));
    return Error(ErrorCode::AlreadyExists, "the number is taken already", "unique");
  });
  submit([](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"ada","balance":1})")));
    return Json();
  });
  gate.release();
  all_ended.wait();
  ASSERT_TRUE(mutate([&](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(take(tx));
    return Json();
  }));
  EXPECT_EQ(numbers.back(), 1);
}

TEST_F(DatabaseTest, ReadsItsOwnWritesAndRollsBackAlone) {
  open();
  std::string kept;
  ASSERT_TRUE(mutate([&](Transaction& tx) -> Result<Json> {
    MS_TRY(kept, tx.insert("accounts", object_of(R"({"owner":"ada","balance":1})")));
    MS_TRY(const auto row, tx.get(kept));
    EXPECT_TRUE(row.has_value());
    MS_TRY_STATUS(tx.patch(kept, object_of(R"({"balance":2})")));
    MS_TRY(const auto rows,
           tx.select({.table = "accounts", .where = nullptr, .order = {}, .limit = {}}));
    EXPECT_EQ(rows.size(), 1U);
    EXPECT_EQ(rows[0].values[1], Value(2.0));
    return Json();
  }));
  auto failed = mutate([&](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.erase(kept));
    MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"bob","balance":1})")));
    return Error(ErrorCode::Internal, "changed my mind", "user_code");
  });
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().message(), "changed my mind");
  const auto rows = read_all("accounts");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].id, kept);
}

TEST_F(DatabaseTest, ChecksDocumentsWithTheDocumentedTexts) {
  open();
  const auto message_of = [&](MutationBody body) {
    auto outcome = mutate(std::move(body));
    return outcome ? std::string("ok") : outcome.error().message();
  };
  const auto insert = [](std::string table, std::string json) -> MutationBody {
    return [table, json](Transaction& tx) -> Result<Json> {
      MS_TRY_STATUS(tx.insert(table, object_of(json)));
      return Json();
    };
  };
  EXPECT_EQ(message_of(insert("accounts", R"({"balance":1})")), "Missing required field: owner");
  EXPECT_EQ(message_of(insert("accounts", R"({"owner":1,"balance":1})")),
            "Expected string, got number");
  EXPECT_EQ(message_of(insert("accounts", R"({"owner":"a","balance":1,"extra":2})")),
            "Unexpected field: extra");
  EXPECT_EQ(message_of(insert("nope", "{}")),
            "Table \"nope\" is not defined in your schema. Available tables: accounts, events");
  EXPECT_EQ(
      message_of(insert("accounts", R"({"_id":"x","_creationTime":1,"owner":"a","balance":1})")),
      "ok");
  EXPECT_EQ(message_of([](Transaction& tx) -> Result<Json> {
              MS_TRY_STATUS(tx.patch("accounts:01JQ8Z3N6V0000000000000000", Object()));
              return Json();
            }),
            "Document ID not found");
  EXPECT_EQ(message_of([](Transaction& tx) -> Result<Json> {
              MS_TRY_STATUS(tx.erase("accounts:01JQ8Z3N6V0000000000000000"));
              return Json();
            }),
            "ok");
}

TEST_F(DatabaseTest, KeepsNullApartFromAbsent) {
  open();
  ASSERT_TRUE(mutate([](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"a","balance":1,"note":null})")));
    MS_TRY_STATUS(tx.insert("accounts", object_of(R"({"owner":"b","balance":1})")));
    return Json();
  }));
  const auto rows = read_all("accounts");
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_TRUE(rows[0].values[2].is_null());
  EXPECT_TRUE(rows[1].values[2].is_undefined());
}

TEST_F(DatabaseTest, CommitsWaitingMutationsTogether) {
  open();
  Gate gate;
  MutationCall first;
  first.body = gate.body();
  first.done = [](const Result<MutationOutcome>&) {};
  database_->submit(std::move(first));
  gate.wait_until_entered();
  constexpr int kCalls = 100;
  std::latch answered(kCalls);
  for (int i = 0; i < kCalls; ++i) {
    MutationCall call;
    call.body = [i](Transaction& tx) -> Result<Json> {
      Object event;
      event.append("text", std::to_string(i));
      MS_TRY_STATUS(tx.insert("events", std::move(event)));
      if (i % 10 == 3) return Error(ErrorCode::Internal, "refused", "user_code");
      return Json("1");
    };
    call.done = [&answered, i](const Result<MutationOutcome>& outcome) {
      EXPECT_EQ(outcome.has_value(), i % 10 != 3);
      answered.count_down();
    };
    database_->submit(std::move(call));
  }
  const auto before = database_->counters();
  gate.release();
  answered.wait();
  const auto rows = read_all("events");
  ASSERT_EQ(rows.size(), 90U);
  EXPECT_EQ(rows.front().values[0], Value("0"));
  EXPECT_EQ(rows.back().values[0], Value("99"));  // order of arrival
  EXPECT_LT(database_->counters().commits - before.commits, 20U);
}

TEST_F(DatabaseTest, AppliesAMutationOfAnAnnouncedClientOnce) {
  open();
  const Session session{.identity = {}, .client = "client-1"};
  int runs = 0;
  const auto insert = [&](const std::string& id) {
    return mutate(
        [&](Transaction& tx) -> Result<Json> {
          ++runs;
          MS_TRY(const std::string made, tx.insert("events", object_of(R"({"text":"x"})")));
          return Json("\"" + made + "\"");
        },
        session, id);
  };
  const auto first = insert("1");
  const auto again = insert("1");
  ASSERT_TRUE(first);
  ASSERT_TRUE(again);
  EXPECT_EQ(first->result_json, again->result_json);
  EXPECT_EQ(runs, 1);
  EXPECT_EQ(read_all("events").size(), 1U);
  database_.reset();
  open();  // the ledger is on disk
  EXPECT_EQ(insert("1")->result_json, first->result_json);
  EXPECT_EQ(runs, 1);
  ASSERT_TRUE(insert("2"));
  EXPECT_EQ(read_all("events").size(), 2U);
}

TEST_F(DatabaseTest, AMemberThatFailsAfterItHasWrittenIsUndoneAlone) {
  open();
  std::atomic<int> runs = 0;
  /// Five members in one group; the third writes and fails. Returns how often members ran.
  const auto run_group = [&](const std::string& round) {
    runs = 0;
    Gate gate;
    MutationCall first;
    first.body = gate.body();
    first.done = [](const Result<MutationOutcome>&) {};
    database_->submit(std::move(first));
    gate.wait_until_entered();
    std::latch answered(5);
    for (int i = 0; i < 5; ++i) {
      MutationCall call;
      call.function = i == 2 ? "test:fails" : "test:works";
      call.session.client = "client-" + round;
      call.mutation_id = std::to_string(i + 1);
      call.body = [&runs, i, round](Transaction& tx) -> Result<Json> {
        ++runs;
        Object event;
        event.append("text", round + std::to_string(i));
        MS_TRY_STATUS(tx.insert("events", std::move(event)));
        if (i == 2) return Error(ErrorCode::Internal, "too late", "user_code");
        return Json("\"" + round + "\"");
      };
      call.done = [&answered, i](const Result<MutationOutcome>& outcome) {
        EXPECT_EQ(outcome.has_value(), i != 2);
        if (!outcome) EXPECT_EQ(outcome.error().message(), "too late");
        answered.count_down();
      };
      database_->submit(std::move(call));
    }
    gate.release();
    answered.wait();
    return runs.load();
  };
  EXPECT_EQ(run_group("a"), 3 + 5) << "the group began again";
  EXPECT_EQ(database_->counters().replays, 2U);
  EXPECT_EQ(run_group("b"), 5) << "the function is known now";
  std::vector<std::string> texts;
  for (const query::Row& row : read_all("events"))
    texts.push_back(row.values[0].as_text());
  EXPECT_EQ(texts, (std::vector<std::string>{"a0", "a1", "a3", "a4", "b0", "b1", "b3", "b4"}));
  const auto again = [&](const std::string& id) {
    return mutate([](Transaction&) -> Result<Json> { return Json("\"ran\""); },
                  {.identity = {}, .client = "client-a"}, id);
  };
  EXPECT_EQ(again("1")->result_json, "\"a\"") << "answered by the second run, remembered once";
  EXPECT_EQ(again("3").error().message(), "too late");
}

TEST_F(DatabaseTest, AFirstMemberThatFailsAfterItHasWrittenTakesNobodyWithIt) {
  open();
  Gate gate;
  MutationCall first;
  first.body = [body = gate.body()](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.insert("events", object_of(R"({"text":"gone"})")));
    MS_TRY_STATUS(body(tx));
    return Error(ErrorCode::Internal, "too late", "user_code");
  };
  std::latch answered(2);
  first.done = [&](const Result<MutationOutcome>& outcome) {
    EXPECT_FALSE(outcome);
    answered.count_down();
  };
  database_->submit(std::move(first));
  gate.wait_until_entered();
  MutationCall second;
  second.body = [](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.insert("events", object_of(R"({"text":"kept"})")));
    return Json();
  };
  second.done = [&](const Result<MutationOutcome>& outcome) {
    EXPECT_TRUE(outcome);
    answered.count_down();
  };
  database_->submit(std::move(second));
  gate.release();
  answered.wait();
  EXPECT_EQ(database_->counters().replays, 0U);
  const auto rows = read_all("events");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].values[0], Value("kept"));
}

TEST_F(DatabaseTest, ANestedCallThatFailsLeavesItsCallerWhatItWrote) {
  open();
  const auto done = mutate([](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.insert("events", object_of(R"({"text":"outer"})")));
    MS_TRY(const store::Mark mark, tx.mark());
    MS_TRY_STATUS(tx.insert("events", object_of(R"({"text":"inner"})")));
    MS_TRY_STATUS(tx.rollback_to(mark));
    return Json();  // the mark is left open, as a body may
  });
  ASSERT_TRUE(done) << done.error().message();
  insert_account("ada", 1);
  const auto rows = read_all("events");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].values[0], Value("outer"));
}

TEST_F(DatabaseTest, MovesASlowMemberOutOfTheGroup) {
  open();
  Gate gate;
  MutationCall first;
  first.body = gate.body();
  first.done = [](const Result<MutationOutcome>&) {};
  database_->submit(std::move(first));
  gate.wait_until_entered();
  std::latch answered(3);
  std::vector<std::chrono::steady_clock::time_point> deadlines;
  for (int i = 0; i < 3; ++i) {
    MutationCall call;
    call.body = [i, &deadlines](Transaction& tx) -> Result<Json> {
      Object event;
      event.append("text", std::to_string(i));
      MS_TRY_STATUS(tx.insert("events", std::move(event)));
      if (i != 1) return Json();
      deadlines.push_back(tx.deadline());
      if (deadlines.size() == 1) return Error(ErrorCode::DeadlineExceeded, "slow", "time_limit");
      return Json();
    };
    call.done = [&answered](const Result<MutationOutcome>& outcome) {
      EXPECT_TRUE(outcome);
      answered.count_down();
    };
    database_->submit(std::move(call));
  }
  gate.release();
  answered.wait();
  EXPECT_EQ(database_->counters().moved_alone, 1U);
  const auto rows = read_all("events");
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[1].values[0], Value("1"));  // nobody overtook it, and it counts once
}

TEST_F(DatabaseTest, ASlowFunctionIsRememberedLongerEachTime) {
  ManualClock clock(1'000);
  DatabaseOptions options;
  options.clock = &clock;
  const auto grouped_max = options.limits.grouped_call_max;
  open(std::move(options));
  /// Runs the function behind another one; returns whether it began in the same group and was
  /// moved.
  const auto is_moved = [&] {
    const std::uint64_t before = database_->counters().moved_alone;
    Gate gate;
    std::latch answered(2);
    const auto submit = [&](std::string function, MutationBody body) {
      MutationCall call;
      call.function = std::move(function);
      call.body = std::move(body);
      call.done = [&answered](const Result<MutationOutcome>& outcome) {
        EXPECT_TRUE(outcome);
        answered.count_down();
      };
      database_->submit(std::move(call));
    };
    const auto slow = [&](Transaction& tx) -> Result<Json> {
      if (tx.deadline() - clock.monotonic() > grouped_max) return Json();
      return Error(ErrorCode::DeadlineExceeded, "slow", "time_limit");
    };
    MutationCall first;
    first.body = gate.body();
    first.done = [](const Result<MutationOutcome>&) {};
    database_->submit(std::move(first));
    gate.wait_until_entered();
    submit("test:quick", [](Transaction&) -> Result<Json> { return Json(); });
    submit("test:slow", slow);
    gate.release();
    answered.wait();
    return database_->counters().moved_alone > before;
  };
  EXPECT_TRUE(is_moved());
  clock.advance(std::chrono::milliseconds(99));
  EXPECT_FALSE(is_moved()) << "is known";
  clock.advance(std::chrono::milliseconds(1));
  EXPECT_TRUE(is_moved()) << "was given another chance";
  clock.advance(std::chrono::milliseconds(199));
  EXPECT_FALSE(is_moved()) << "is known for twice as long";
  clock.advance(std::chrono::milliseconds(10'000));
  EXPECT_TRUE(is_moved());
  clock.advance(std::chrono::milliseconds(100));
  EXPECT_TRUE(is_moved()) << "long ago does not count";
}

TEST_F(DatabaseTest, TellsObserversBeforeCallers) {
  class Watcher final : public CommitObserver {
   public:
    void on_commit(const CommitPtr& commit) override {
      const std::lock_guard lock(mutex_);
      commits_.push_back(commit);
    }
    std::mutex mutex_;
    std::vector<CommitPtr> commits_;
  };
  open();
  Watcher watcher;
  database_->add_observer(watcher);
  const std::string id = insert_account("ada", 5);
  {
    const std::lock_guard lock(watcher.mutex_);
    ASSERT_EQ(watcher.commits_.size(), 1U);
    const Commit& commit = *watcher.commits_[0];
    EXPECT_EQ(commit.version, database_->version());
    ASSERT_EQ(commit.changes.size(), 1U);
    EXPECT_EQ(commit.changes[0].key, id);
    EXPECT_FALSE(commit.changes[0].before.has_value());
    EXPECT_EQ(commit.changes[0].after->values[0], Value("ada"));
  }
  ASSERT_TRUE(mutate([&](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.patch(id, object_of(R"({"balance":5})")));  // changes nothing
    return Json();
  }));
  EXPECT_EQ(watcher.commits_.size(), 1U);
  database_->remove_observer(watcher);
}

TEST_F(DatabaseTest, RefusesWorkBeyondItsLimits) {
  DatabaseOptions options;
  options.limits.rows_written_max = 3;
  options.limits.rows_read_max = 2;
  open(std::move(options));
  const auto insert_many = [&](int count) {
    return mutate([count](Transaction& tx) -> Result<Json> {
      for (int i = 0; i < count; ++i) {
        MS_TRY_STATUS(tx.insert("events", object_of(R"({"text":"x"})")));
      }
      return Json();
    });
  };
  EXPECT_TRUE(insert_many(3));
  const auto refused = insert_many(4);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "write_rows");
  const auto read = mutate([](Transaction& tx) -> Result<Json> {
    MS_TRY_STATUS(tx.select({.table = "events", .where = nullptr, .order = {}, .limit = {}}));
    return Json();
  });
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().reason(), "read_rows");
}

TEST_F(DatabaseTest, RefusesASecondProcessAndRunsNothingAfterShutDown) {
  open();
  DatabaseOptions second;
  second.store.path = folder_.file("data.db");
  auto refused = Database::open(std::move(second));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().reason(), "locked");
  database_->shut_down();
  const auto late = mutate([](Transaction&) -> Result<Json> { return Json(); });
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().reason(), "shutting_down");
}

TEST_F(DatabaseTest, AnImportKeepsIdsAndRefusesForeignOnes) {
  open();
  insert_account("ada", 1);
  const std::string id = read_all("accounts").front().id;
  const auto import = [this](const std::string& as, Object document) -> std::string {
    const auto done = mutate([&](Transaction& transaction) -> Result<Json> {
      MS_TRY(const schema::Table* const table, transaction.table("accounts"));
      MS_TRY_STATUS(transaction.insert_as(*table, as, document));
      return Json();
    });
    return done ? "" : std::string(done.error().message());
  };
  const Object bob{{"_id", "ignored"}, {"_creationTime", 5}, {"owner", "bob"}, {"balance", 2}};
  std::string other = id;
  other.back() = other.back() == 'A' ? 'B' : 'A';
  EXPECT_EQ(import(other, bob), "");
  EXPECT_EQ(read_all("accounts").size(), 2U);
  EXPECT_EQ(import(other, bob), "there is a document " + other + " already");
  for (const char* foreign :
       {"", "accounts", "accounts:", "accounts:short", "others:01ARZ3NDEKTSV4RRFFQ69G5FAV"})
    EXPECT_NE(import(foreign, bob).find("is not an id of the table"), std::string::npos) << foreign;
}

TEST_F(DatabaseTest, AWriterWithoutWorkReleasesItsCaches) {
  DatabaseOptions options;
  options.thread_idle_max = std::chrono::milliseconds(1);
  open(std::move(options));
  std::latch released{1};
  ASSERT_TRUE(mutate([&](Transaction&) -> Result<Json> {
    add_thread_cache([&] { released.count_down(); });
    return Json();
  }));
  released.wait();
  insert_account("ada", 1);
  EXPECT_EQ(read_all("accounts").size(), 1U);
}

TEST_F(DatabaseTest, ResetEmptiesTablesAndKeepsTheSchema) {
  open();
  insert_account("ada", 1);
  ASSERT_TRUE(database_->reset());
  EXPECT_TRUE(read_all("accounts").empty());
  insert_account("bob", 1);
  EXPECT_EQ(read_all("accounts").size(), 1U);
}

}  // namespace
}  // namespace moonstone::engine
