// Moonstone. Licence: see LICENSE.
// The commit pipeline on a disk that fails: lost groups run again and count once, no reply precedes
// its sync, and a power cut takes nothing that was acknowledged.
#include <atomic>
#include <latch>
#include <map>
#include <mutex>
#include <set>

#include <gtest/gtest.h>

#include "tests/engine/database_fixture.h"
#include "tests/store/vfs/counting_vfs.h"
#include "tests/store/vfs/cut_vfs.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::engine {
namespace {

using Json = std::optional<std::string>;
using test::CountingVfs;
using test::CutVfs;
using test::Fault;
using test::FaultVfs;
using test::FileKind;

class FaultTest : public DatabaseTest {
 protected:
  ~FaultTest() override { database_.reset(); }  // before the shim, which derived fixtures own

  void open_on(const test::ShimVfs& vfs) {
    DatabaseOptions options;
    options.store.vfs = vfs.name();
    open(std::move(options));
  }

  static MutationBody insert_event(std::string text, std::size_t copies = 1) {
    return [text = std::move(text), copies](Transaction& tx) -> Result<Json> {
      for (std::size_t i = 0; i < copies; ++i) {
        Object event;
        event.append("text", text);
        MS_TRY_STATUS(tx.insert("events", std::move(event)));
      }
      return Json();
    };
  }

  /// Queues the bodies behind a held writer, so that they become one group; `prepare` runs just
  /// before the writer is released. Returns their outcomes in order.
  std::vector<Result<MutationOutcome>> run_as_group(std::vector<MutationBody> bodies,
                                                    const std::function<void()>& prepare,
                                                    const std::function<void()>& on_reply = {},
                                                    const std::string& client = {}) {
    std::latch entered(1);
    std::latch released(1);
    std::latch answered(static_cast<std::ptrdiff_t>(bodies.size() + 1));
    std::vector<std::optional<Result<MutationOutcome>>> outcomes(bodies.size());
    MutationCall gate;
    gate.body = [&](Transaction&) -> Result<Json> {
      entered.count_down();
      released.wait();
      return Json();
    };
    gate.done = [&](const Result<MutationOutcome>&) { answered.count_down(); };
    database_->submit(std::move(gate));
    entered.wait();
    for (std::size_t i = 0; i < bodies.size(); ++i) {
      MutationCall call;
      call.session.client = client;
      call.mutation_id = std::to_string(i + 1);
      call.body = std::move(bodies[i]);
      call.done = [&, i](Result<MutationOutcome> outcome) {
        if (on_reply) on_reply();
        outcomes[i] = std::move(outcome);
        answered.count_down();
      };
      database_->submit(std::move(call));
    }
    prepare();
    released.count_down();
    answered.wait();
    std::vector<Result<MutationOutcome>> all;
    for (auto& outcome : outcomes)
      all.push_back(*std::move(outcome));
    return all;
  }

  std::map<std::string, int> count_events() {
    std::map<std::string, int> counts;
    for (const query::Row& row : read_all("events"))
      ++counts[row.values[0].as_text()];
    return counts;
  }
};

TEST_F(FaultTest, SyncsOncePerGroupAndRepliesOnlyAfterwards) {
  CountingVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 300; ++i)
    bodies.push_back(insert_event(std::to_string(i)));
  const auto outcomes =
      run_as_group(std::move(bodies), [&] { vfs.clear(); }, [&] { vfs.note("reply"); });
  for (const auto& outcome : outcomes)
    EXPECT_TRUE(outcome);
  EXPECT_GE(vfs.syncs(FileKind::Wal), 1U);
  EXPECT_LT(vfs.syncs(FileKind::Wal), 100U);
  bool wal_is_dirty = false;
  bool has_synced = false;
  for (const CountingVfs::Event& event : vfs.events()) {
    if (event.kind == CountingVfs::EventKind::Note) {
      EXPECT_TRUE(has_synced) << "a reply before any sync";
      EXPECT_FALSE(wal_is_dirty) << "a reply before its sync";
    } else if (event.file == FileKind::Wal) {
      wal_is_dirty = event.kind == CountingVfs::EventKind::Write;
      has_synced = has_synced || event.kind == CountingVfs::EventKind::Sync;
    }
  }
  database_.reset();
}

TEST_F(FaultTest, FindsOutWhatBecameOfAGroupWhoseSyncFailed) {
  FaultVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 20; ++i)
    bodies.push_back(insert_event(std::to_string(i)));
  const auto outcomes = run_as_group(std::move(bodies), [&] {
    vfs.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  });
  EXPECT_EQ(vfs.struck(), 1U);
  for (const auto& outcome : outcomes)
    EXPECT_TRUE(outcome) << outcome.error().message();
  // The frames had reached the file: opening it again found them, and nothing had to run again.
  EXPECT_EQ(database_->counters().restarts, 1U);
  const auto counts = count_events();
  EXPECT_EQ(counts.size(), 20U);
  for (const auto& [text, count] : counts)
    EXPECT_EQ(count, 1) << text;
  database_.reset();
}

TEST_F(FaultTest, ALostGroupLeavesNothingInTheLedger) {
  FaultVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 20; ++i)
    bodies.push_back(insert_event(std::to_string(i)));
  const auto outcomes = run_as_group(
      bodies,
      [&] {
        vfs.arm({.operation = Fault::Operation::Write,
                 .verdict = test::Verdict::DiskFull,
                 .duration = Fault::Duration::Lasting});
      },
      {}, "client-1");
  for (const auto& outcome : outcomes)
    ASSERT_FALSE(outcome);
  vfs.disarm();
  const Session session{.identity = {}, .client = "client-1"};
  for (int round = 0; round < 2; ++round) {
    for (std::size_t i = 0; i < bodies.size(); ++i)
      EXPECT_TRUE(mutate(bodies[i], session, std::to_string(i + 1))) << i;
  }
  EXPECT_EQ(database_->counters().ledger_hits, bodies.size()) << "all of the second round";
  const auto counts = count_events();
  EXPECT_EQ(counts.size(), bodies.size());
  for (const auto& [text, count] : counts)
    EXPECT_EQ(count, 1) << text;
  database_.reset();
}

/// A disk whose next sync of the WAL takes until it is let go.
class StallingVfs final : public test::ShimVfs {
 public:
  void arm() { is_armed_ = true; }
  void wait_until_stalled() { stalled_.wait(); }
  void let_go() { let_go_.count_down(); }

  test::Verdict before_sync(const test::FileName& file) override {
    if (file.kind == FileKind::Wal && is_armed_.exchange(false)) {
      stalled_.count_down();
      let_go_.wait();
    }
    return test::Verdict::Pass;
  }

 private:
  std::atomic<bool> is_armed_ = false;
  std::latch stalled_{1};
  std::latch let_go_{1};
};

TEST_F(FaultTest, WhatArrivesDuringACommitIsTheNextOne) {
  StallingVfs vfs;
  open_on(vfs);
  const std::uint64_t before = database_->counters().commits;
  constexpr int kCalls = 100;
  std::latch answered(kCalls + 1);
  const auto submit = [&](const std::string& text) {
    MutationCall call;
    call.body = insert_event(text);
    call.done = [&](const Result<MutationOutcome>& outcome) {
      EXPECT_TRUE(outcome);
      answered.count_down();
    };
    database_->submit(std::move(call));
  };
  vfs.arm();
  submit("first");
  vfs.wait_until_stalled();
  for (int i = 0; i < kCalls; ++i)
    submit(std::to_string(i));
  vfs.let_go();
  answered.wait();
  // One more, unless a busy machine held the writer up for longer than a group may take.
  const std::uint64_t commits = database_->counters().commits - before;
  EXPECT_GE(commits, 2U);
  EXPECT_LE(commits, 12U);
  database_.reset();
}

TEST_F(FaultTest, RunsAGroupAgainThatAStatementLost) {
  FaultVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 10; ++i)
    bodies.push_back(insert_event(std::to_string(i)));
  // Larger than the page cache: SQLite writes to the WAL in the middle of the transaction, where a
  // failing write rolls back the whole of it.
  bodies.insert(bodies.begin() + 5, insert_event(std::string(1'000'000, 'x'), 12));
  const auto outcomes = run_as_group(std::move(bodies), [&] {
    vfs.arm({.operation = Fault::Operation::Write, .nth = 5, .kind = FileKind::Wal});
  });
  EXPECT_EQ(vfs.struck(), 1U);
  for (const auto& outcome : outcomes)
    EXPECT_TRUE(outcome) << outcome.error().message();
  const auto counts = count_events();
  EXPECT_EQ(counts.size(), 11U);
  for (const auto& [text, count] : counts)
    EXPECT_EQ(count, text.size() > 2 ? 12 : 1);
  database_.reset();
}

TEST_F(FaultTest, ReportsAFullDiskAndGoesOnWhenThereIsRoom) {
  FaultVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 10; ++i)
    bodies.push_back(insert_event("full " + std::to_string(i)));
  const auto outcomes = run_as_group(std::move(bodies), [&] {
    vfs.arm({.operation = Fault::Operation::Write,
             .verdict = test::Verdict::DiskFull,
             .duration = Fault::Duration::Lasting});
  });
  for (const auto& outcome : outcomes) {
    ASSERT_FALSE(outcome);
    EXPECT_EQ(outcome.error().reason(), "disk_full");
  }
  vfs.disarm();
  EXPECT_TRUE(mutate(insert_event("after")));
  const auto counts = count_events();
  EXPECT_EQ(counts.size(), 1U);
  EXPECT_TRUE(counts.contains("after"));
  database_.reset();
}

TEST_F(FaultTest, FillsTheDiskInTheMiddleOfAGroupAndCommitsTheOthersOnce) {
  FaultVfs vfs;
  open_on(vfs);
  std::vector<MutationBody> bodies;
  for (int i = 0; i < 20; ++i)
    bodies.push_back(insert_event(std::to_string(i)));
  const auto outcomes = run_as_group(std::move(bodies), [&] {
    vfs.arm({.operation = Fault::Operation::Write, .verdict = test::Verdict::DiskFull, .nth = 2});
  });
  EXPECT_EQ(vfs.struck(), 1U);
  for (const auto& outcome : outcomes)
    EXPECT_TRUE(outcome) << outcome.error().message();
  for (const auto& [text, count] : count_events())
    EXPECT_EQ(count, 1) << text;
  EXPECT_EQ(count_events().size(), 20U);
  database_.reset();
}

/// What was acknowledged before a power cut at the n-th disk operation, and what was left.
struct CutOutcome {
  std::set<std::string> acknowledged;
  std::map<std::string, int> survived;
};

class CutTest : public FaultTest {
 protected:
  static constexpr std::size_t kMutations = 60;

  CutOutcome run_until_cut(std::size_t at, test::Survivors survivors, std::uint64_t seed) {
    CutOutcome outcome;
    const TemporaryFolder disk;
    const TemporaryFolder rest;
    CutVfs vfs;
    {
      DatabaseOptions options;
      options.store.path = disk.file("data.db");
      options.store.vfs = vfs.name();
      auto database = Database::open(std::move(options)).value();
      EXPECT_TRUE(database->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No));
      vfs.cut_at(at);
      submit_pairs(*database, vfs, outcome);
    }
    vfs.materialise(rest.file(""), survivors, seed);
    DatabaseOptions options;
    options.store.path = rest.file("data.db");
    database_ = Database::open(std::move(options)).value();
    outcome.survived = count_events();
    database_.reset();
    return outcome;
  }

 private:
  /// Mutations of two documents each; notes which were acknowledged before the cut.
  static void submit_pairs(Database& database, CutVfs& vfs, CutOutcome& outcome) {
    std::mutex mutex;
    std::latch answered(kMutations);
    for (std::size_t i = 0; i < kMutations; ++i) {
      MutationCall call;
      call.body = insert_event(std::to_string(i), 2);
      call.done = [&, i](const Result<MutationOutcome>& done) {
        if (done && !vfs.is_cut()) {
          const std::lock_guard lock(mutex);
          outcome.acknowledged.insert(std::to_string(i));
        }
        answered.count_down();
      };
      database.submit(std::move(call));
    }
    answered.wait();
  }
};

TEST_F(CutTest, KeepsWhatWasAcknowledgedWholeAndNothingInPart) {
  std::size_t acknowledged = 0;
  for (const test::Survivors survivors :
       {test::Survivors::Synced, test::Survivors::Prefix, test::Survivors::Subset}) {
    for (const std::size_t at : {1U, 3U, 5U, 9U, 20U, 60U}) {
      const CutOutcome outcome = run_until_cut(at, survivors, at);
      acknowledged += outcome.acknowledged.size();
      for (const std::string& text : outcome.acknowledged) {
        EXPECT_TRUE(outcome.survived.contains(text)) << text << " is lost, cut at " << at;
      }
      for (const auto& [text, count] : outcome.survived) {
        EXPECT_EQ(count, 2) << text << " survived in part, cut at " << at;
      }
    }
  }
  EXPECT_GT(acknowledged, 0U) << "every cut came before the first acknowledgement";
}

}  // namespace
}  // namespace moonstone::engine
