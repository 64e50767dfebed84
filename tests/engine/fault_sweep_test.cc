// Moonstone. Licence: see LICENSE.
// The same workload on a disk that fails at its first operation, at its second, and so on, until it
// runs through without meeting the fault; and on one that loses power there. After each the
// database is opened again from what the disk has, and everything that was promised is checked.
//
// The test takes every so-many-th place only. All of them, and another random seed:
//   MOONSTONE_SWEEP=1 MOONSTONE_SEED=7 engine_tests --gtest_filter='*Sweep*'
#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <random>

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"
#include "tests/engine/database_fixture.h"
#include "tests/engine/ledger_workload.h"
#include "tests/store/vfs/cut_vfs.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::engine {
namespace {

using test::CutVfs;
using test::Fault;
using test::FaultVfs;
using test::Survivors;
using test::Verdict;

/// Every which place of a sweep is tried.
std::size_t stride_of(std::size_t usual) {
  const char* wanted = std::getenv("MOONSTONE_SWEEP");
  return wanted != nullptr ? std::max<std::size_t>(1, std::strtoull(wanted, nullptr, 10)) : usual;
}

std::uint64_t seed_of_run() {
  if (const char* given = std::getenv("MOONSTONE_SEED")) return std::strtoull(given, nullptr, 10);
  return std::random_device{}();
}

class FaultSweepTest : public ::testing::Test {
 protected:
  /// A database with its schema and accounts, of which each run gets a copy.
  void SetUp() override {
    auto database = open_at(template_.file("data.db"), "");
    ASSERT_TRUE(database) << database.error().message();
    const auto applied =
        (*database)->apply_schema(parse_test_schema(), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
    LedgerWorkload::prepare(**database);
  }

  static Result<std::unique_ptr<Database>> open_at(const std::string& path,
                                                   const std::string& vfs) {
    DatabaseOptions options;
    options.store.path = path;
    options.store.vfs = vfs;
    return Database::open(std::move(options));
  }

  void copy_to(const TemporaryFolder& folder) const {
    std::filesystem::copy_file(template_.file("data.db"), folder.file("data.db"));
  }

  /// The checks of a workload that was interrupted, on what the disk has.
  static void expect_kept(const std::string& path, LedgerWorkload& workload) {
    auto database = open_at(path, "");
    ASSERT_TRUE(database) << database.error().message();
    workload.expect_consistent(**database);
    workload.expect_same_answers(**database);
    workload.run(**database);
    EXPECT_TRUE(workload.is_complete());
    workload.expect_consistent(**database);
    const auto problems = store::check_sqlite_file(path);
    ASSERT_TRUE(problems) << problems.error().message();
    EXPECT_TRUE(problems->empty()) << problems->front();
  }

  /// False: the fault was not met any more.
  bool run_with(const Fault& fault) {
    SCOPED_TRACE("place " + std::to_string(fault.nth));
    const TemporaryFolder folder;
    copy_to(folder);
    LedgerWorkload workload;
    std::size_t struck = 0;
    {
      FaultVfs vfs;
      vfs.arm(fault);
      auto database = open_at(folder.file("data.db"), vfs.name());
      if (database) {
        workload.run(**database);
        database->reset();
      } else {
        EXPECT_EQ(database.error().code(), ErrorCode::Unavailable) << database.error().message();
      }
      struck = vfs.struck();
    }
    expect_kept(folder.file("data.db"), workload);
    return struck > 0;
  }

  void sweep(Fault fault, std::size_t stride) {
    std::size_t places = 0;
    while (run_with(fault)) {
      ++places;
      fault.nth += stride_of(stride);
      if (HasFailure()) return;
    }
    EXPECT_GT(places, 0U) << "the fault never struck";
  }

  TemporaryFolder template_;
};

TEST_F(FaultSweepTest, AWriteFailsOnce) {
  sweep({.operation = Fault::Operation::Write}, 7);
}

TEST_F(FaultSweepTest, AWriteFailsFromThenOn) {
  sweep({.operation = Fault::Operation::Write, .duration = Fault::Duration::Lasting}, 23);
}

TEST_F(FaultSweepTest, AWriteIsTorn) {
  sweep({.operation = Fault::Operation::Write, .verdict = Verdict::Torn}, 11);
}

TEST_F(FaultSweepTest, TheDiskIsFull) {
  sweep({.operation = Fault::Operation::Write,
         .verdict = Verdict::DiskFull,
         .duration = Fault::Duration::Lasting},
        13);
}

TEST_F(FaultSweepTest, ASyncFailsOnce) {
  sweep({.operation = Fault::Operation::Sync}, 1);
}

TEST_F(FaultSweepTest, SyncsFailFromThenOn) {
  sweep({.operation = Fault::Operation::Sync, .duration = Fault::Duration::Lasting}, 5);
}

TEST_F(FaultSweepTest, AFileCannotBeOpened) {
  sweep({.operation = Fault::Operation::Open, .verdict = Verdict::IoError}, 1);
}

TEST_F(FaultSweepTest, AFileOpensOnlyToBeRead) {
  sweep({.operation = Fault::Operation::Open, .verdict = Verdict::ReadOnly}, 1);
}

TEST_F(FaultSweepTest, AReadFails) {
  sweep({.operation = Fault::Operation::Read}, 7);
}

TEST_F(FaultSweepTest, AFileCannotBeDeleted) {
  sweep({.operation = Fault::Operation::Delete}, 1);
}

class CutSweepTest : public FaultSweepTest {
 protected:
  struct Outcome {
    bool was_met = false;
    std::size_t acknowledged = 0;
  };

  /// Runs the workload with what `arm` does to the disk, and opens what the cut has left.
  template <class Arm>
  Outcome run_until_cut(Arm arm, Survivors survivors, std::uint64_t seed) {
    const TemporaryFolder disk;
    const TemporaryFolder rest;
    copy_to(disk);
    LedgerWorkload workload;
    Outcome outcome;
    {
      CutVfs vfs;
      auto database = open_at(disk.file("data.db"), vfs.name());
      EXPECT_TRUE(database) << database.error().message();
      arm(vfs);
      workload.run(**database, [&vfs] { return !vfs.is_cut(); });
      outcome.was_met = vfs.is_cut();
      vfs.cut_now();  // closing would write once more
      database->reset();
      vfs.materialise(rest.file(""), survivors, seed);
    }
    outcome.acknowledged = workload.acknowledged();
    expect_kept(rest.file("data.db"), workload);
    return outcome;
  }
};

TEST_F(CutSweepTest, ThePowerFailsAtEveryPlace) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("MOONSTONE_SEED=" + std::to_string(seed));
  std::size_t acknowledged = 0;
  for (const Survivors survivors : {Survivors::Synced, Survivors::Prefix, Survivors::Subset}) {
    for (std::size_t at = 1 + seed % 5;; at += stride_of(9)) {
      SCOPED_TRACE("cut at " + std::to_string(at));
      const Outcome outcome =
          run_until_cut([at](CutVfs& vfs) { vfs.cut_at(at); }, survivors, seed + at);
      acknowledged += outcome.acknowledged;
      if (!outcome.was_met || HasFailure()) break;
    }
  }
  EXPECT_GT(acknowledged, 0U) << "every cut came before the first acknowledgement";
}

TEST_F(CutSweepTest, WhatAFailedSyncDroppedIsWrittenAgain) {
  const std::uint64_t seed = seed_of_run();
  SCOPED_TRACE("MOONSTONE_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (std::size_t sync = 1; sync <= 6; ++sync) {
    SCOPED_TRACE("sync " + std::to_string(sync) + " fails");
    // The cut comes after all answers, or somewhere on the way.
    const std::size_t at = sync % 2 == 0 ? 1'000'000 : 10 + random() % 100;
    run_until_cut(
        [sync, at](CutVfs& vfs) {
          vfs.fail_sync_at(sync);
          vfs.cut_at(at);
        },
        Survivors::Synced, seed + sync);
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace moonstone::engine
