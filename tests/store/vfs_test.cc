// Moonstone. Licence: see LICENSE.
// The shims themselves: a shim that cannot make a store fail proves nothing.

#include <memory>
#include <set>
#include <string>

#include <gmock/gmock.h>

#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/support.h"
#include "tests/store/vfs/counting_vfs.h"
#include "tests/store/vfs/cut_vfs.h"
#include "tests/store/vfs/fault_vfs.h"
#include "tests/store/vfs/shim_vfs.h"

namespace moonstone::store {
namespace {

using conformance::id_of;
using conformance::message_of;
using conformance::reason_of;
using test::CountingVfs;
using test::CutVfs;
using test::Fault;
using test::FaultVfs;
using test::FileKind;
using test::Survivors;
using test::Verdict;

constexpr std::string_view kSchema =
    R"({"tables":{"notes":{"fields":{"text":{"type":"string"}},"indexes":[]}}})";

/// A store on a shim, with one table.
class OpenStore {
 public:
  OpenStore(const std::string& path, const std::string& vfs, Durability durability) {
    auto opened = open_sqlite_store({.path = path, .durability = durability, .vfs = vfs});
    EXPECT_TRUE(opened) << message_of(opened);
    store_ = *std::move(opened);
    const auto applied =
        writer().apply_schema(conformance::schema_of(kSchema), Writer::AllowDataLoss::No);
    EXPECT_TRUE(applied) << message_of(applied);
  }

  Writer& writer() { return store_->writer(); }

  /// In the running transaction.
  Status insert(std::int64_t n, std::string text = "text") {
    return writer().insert(conformance::row_of(*writer().schema(), "notes", id_of("notes", n),
                                               {{"text", std::move(text)}}));
  }
  /// One row in one transaction.
  Status commit_one(std::int64_t n) {
    MS_TRY_STATUS(writer().begin());
    if (Status inserted = insert(n); !inserted) {
      writer().rollback();
      return inserted;
    }
    return writer().commit();
  }
  std::set<std::string> ids() {
    std::set<std::string> ids;
    auto reader = store_->new_reader();
    ReadBudget budget;
    if (!reader || !(*reader)->begin()) return ids;
    auto rows = (*reader)->select(conformance::all_of("notes"), budget);
    EXPECT_TRUE(rows) << message_of(rows);
    for (const query::Row& row : *rows)
      ids.insert(row.id);
    return ids;
  }

 private:
  std::unique_ptr<Store> store_;
};

TEST(CountingVfsTest, AFullCommitIsOneSyncOfTheWal) {
  const TemporaryFolder folder;
  CountingVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Full);
  ASSERT_TRUE(store.commit_one(1));
  vfs.clear();
  ASSERT_TRUE(store.writer().begin());
  for (std::int64_t n = 2; n < 50; ++n)
    ASSERT_TRUE(store.insert(n));
  EXPECT_EQ(vfs.syncs(FileKind::Wal), 0U);
  ASSERT_TRUE(store.writer().commit());
  vfs.note("acknowledged");
  EXPECT_EQ(vfs.syncs(FileKind::Wal), 1U) << "fifty rows, one sync";
  EXPECT_EQ(vfs.syncs(FileKind::Database), 0U);
  EXPECT_GT(vfs.writes(FileKind::Wal), 0U);
  const auto events = vfs.events();
  ASSERT_EQ(events.size(), 3U);
  EXPECT_EQ(events[0].kind, CountingVfs::EventKind::Write);
  EXPECT_EQ(events[1].kind, CountingVfs::EventKind::Sync);
  EXPECT_EQ(events[2].note, "acknowledged");
}

TEST(CountingVfsTest, ARelaxedCommitIsNotSyncedAndACheckpointIs) {
  const TemporaryFolder folder;
  CountingVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Normal);
  vfs.clear();
  ASSERT_TRUE(store.commit_one(1));
  EXPECT_EQ(vfs.syncs(FileKind::Wal), 0U);
  EXPECT_EQ(vfs.writes(FileKind::Database), 0U) << "no checkpoint beside a commit";
  ASSERT_TRUE(store.writer().checkpoint());
  EXPECT_GT(vfs.syncs(FileKind::Wal), 0U);
  EXPECT_GT(vfs.syncs(FileKind::Database), 0U);
}

TEST(FaultVfsTest, AFullDiskAtCommitLosesTheTransactionAndNothingElse) {
  const TemporaryFolder folder;
  FaultVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Full);
  ASSERT_TRUE(store.commit_one(1));
  vfs.arm({.verdict = Verdict::DiskFull});
  const Status failed = store.commit_one(2);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code(), ErrorCode::Unavailable);
  EXPECT_EQ(failed.error().reason(), "disk_full");
  EXPECT_FALSE(store.writer().in_transaction());
  EXPECT_EQ(vfs.struck(), 1U);
  EXPECT_TRUE(store.commit_one(3));
  EXPECT_EQ(store.ids(), (std::set{id_of("notes", 1), id_of("notes", 3)}));
}

TEST(FaultVfsTest, AFailedSyncFailsTheCommit) {
  const TemporaryFolder folder;
  FaultVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Full);
  vfs.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Wal});
  const Status failed = store.commit_one(1);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().reason(), "io_error");
  EXPECT_FALSE(store.writer().in_transaction());
  EXPECT_TRUE(store.ids().empty());
  EXPECT_TRUE(store.commit_one(1)) << "the same again";
  EXPECT_EQ(store.ids(), (std::set{id_of("notes", 1)}));
}

TEST(FaultVfsTest, AWriteThatFailsMidwayMayLoseTheTransactionButIsReported) {
  const TemporaryFolder folder;
  FaultVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Full);
  ASSERT_TRUE(store.commit_one(0));
  ASSERT_TRUE(store.writer().begin());
  vfs.arm({.verdict = Verdict::DiskFull, .duration = Fault::Duration::Lasting});
  // Far more than the page cache holds, so that pages spill into the WAL before the commit.
  Status status;
  for (std::int64_t n = 1; status && n < 1'000; ++n) {
    status = store.insert(n, std::string(10'000, 'x'));
  }
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().reason(), "disk_full");
  vfs.disarm();
  if (store.writer().in_transaction()) store.writer().rollback();
  EXPECT_EQ(reason_of(store.writer().changes_since(Mark())), "no_transaction");
  EXPECT_TRUE(store.commit_one(2'000));
  EXPECT_EQ(store.ids(), (std::set{id_of("notes", 0), id_of("notes", 2'000)}));
}

TEST(FaultVfsTest, AFailedCheckpointLosesNothing) {
  const TemporaryFolder folder;
  FaultVfs vfs;
  OpenStore store(folder.file("data.db"), vfs.name(), Durability::Full);
  ASSERT_TRUE(store.commit_one(1));
  vfs.arm({.operation = Fault::Operation::Sync, .kind = FileKind::Database});
  EXPECT_EQ(reason_of(store.writer().checkpoint()), "io_error");
  EXPECT_TRUE(store.writer().checkpoint());
  EXPECT_TRUE(store.commit_one(2));
  EXPECT_EQ(store.ids().size(), 2U);
}

/// What a cut at the given operation leaves, and what had been acknowledged before it.
struct Outcome {
  std::set<std::string> acknowledged;
  std::set<std::string> survived;
};

Outcome cut_run(Durability durability, std::size_t at, Survivors survivors, std::uint64_t seed) {
  const TemporaryFolder before;
  const TemporaryFolder after;
  Outcome outcome;
  CutVfs vfs;
  {
    OpenStore store(before.file("data.db"), vfs.name(), durability);
    EXPECT_TRUE(store.writer().checkpoint());  // the schema is durable in both modes
    vfs.cut_at(at);
    for (std::int64_t n = 1; n <= 30; ++n) {
      EXPECT_TRUE(store.commit_one(n));
      if (!vfs.is_cut()) outcome.acknowledged.insert(id_of("notes", n));
      if (n % 10 == 0) EXPECT_TRUE(store.writer().checkpoint());
    }
    vfs.materialise(after.file(""), survivors, seed);
  }
  OpenStore store(after.file("data.db"), "", durability);
  outcome.survived = store.ids();
  return outcome;
}

TEST(CutVfsTest, NothingAcknowledgedIsLostWhereverTheCutIs) {
  const std::uint64_t seed = announced_seed();
  for (const Survivors survivors : {Survivors::Synced, Survivors::Prefix, Survivors::Subset}) {
    for (std::size_t at = 1; at < 130; at += 13) {
      const Outcome outcome = cut_run(Durability::Full, at, survivors, seed + at);
      for (const std::string& id : outcome.acknowledged) {
        EXPECT_TRUE(outcome.survived.contains(id)) << id << ", cut at " << at;
      }
      EXPECT_LE(outcome.survived.size(), outcome.acknowledged.size() + 1) << "cut at " << at;
    }
  }
}

TEST(CutVfsTest, WithoutSyncsAcknowledgedRowsAreLost) {
  // Were it otherwise, the test above could not fail.
  const Outcome outcome = cut_run(Durability::Normal, 20, Survivors::Synced, 1);
  EXPECT_GT(outcome.acknowledged.size(), outcome.survived.size());
}

}  // namespace
}  // namespace moonstone::store
