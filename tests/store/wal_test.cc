// Moonstone. Licence: see LICENSE.
// How long the WAL gets: under a writer that never rests, beside short and long snapshots, on a
// disk that fails while it is copied. (Copying runs on a thread of its own; no test depends on its
// pace.)

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <memory>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/support.h"
#include "tests/store/vfs/cut_vfs.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::id_of;
using conformance::message_of;
using conformance::reason_of;
using test::CutVfs;
using test::Fault;
using test::FaultVfs;
using test::FileKind;
using test::Survivors;

constexpr std::string_view kSchema =
    R"({"tables":{"notes":{"fields":{"text":{"type":"string"}},"indexes":[]}}})";

constexpr std::int64_t kKib = 1024;
/// Small, so that a test sees many rounds; no snapshot is too old.
constexpr WalLimits kSmall{.copy_bytes = 128 * kKib,
                           .drain_bytes = 512 * kKib,
                           .revoke_bytes = 1'000'000 * kKib,
                           .snapshot_age_max = std::chrono::hours(1)};
/// What kSmall allows: four passes in a row, each of which lets the writer get ahead by drain_bytes
/// at most, and some commits.
constexpr std::int64_t kSmallWalMax = 128 * kKib + 5 * 512 * kKib + 256 * kKib;
/// One commit is about ten pages.
constexpr std::size_t kTextBytes = std::size_t{8} * kKib;
constexpr int kRowsPerCommit = 4;

class WalTest : public testing::Test {
 protected:
  ~WalTest() override { store_.reset(); }  // before a shim that a test owns

  void open(const WalLimits& wal, const std::string& vfs = "") {
    path_ = folder_.file("data.db");
    auto opened = open_sqlite_store(
        {.path = path_, .durability = Durability::Normal, .vfs = vfs, .wal = wal});
    ASSERT_TRUE(opened) << message_of(opened);
    store_ = *std::move(opened);
    const auto applied =
        writer().apply_schema(conformance::schema_of(kSchema), Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << message_of(applied);
  }
  Writer& writer() { return store_->writer(); }

  void commit_some() {
    const auto begun = writer().begin();
    ASSERT_TRUE(begun) << message_of(begun);
    EXPECT_FALSE(begun->outside_change) << "copying is nobody's write";
    for (int i = 0; i < kRowsPerCommit; ++i) {
      ASSERT_TRUE(
          writer().insert(conformance::row_of(*writer().schema(), "notes", id_of("notes", ++rows_),
                                              {{"text", std::string(kTextBytes, 'x')}})));
    }
    const Status committed = writer().commit();
    ASSERT_TRUE(committed) << message_of(committed);
  }
  Status commit_and_tend() {
    commit_some();
    return writer().tend_wal(Writer::WalCare::WhenLong);
  }
  /// Writes that much; returns the greatest size that the WAL had.
  std::int64_t write(std::int64_t bytes) {
    std::int64_t greatest = 0;
    for (std::int64_t written = 0; written < bytes; written += kRowsPerCommit * kTextBytes) {
      const Status tended = commit_and_tend();
      EXPECT_TRUE(tended) << message_of(tended);
      greatest = std::max(greatest, wal_bytes());
    }
    return greatest;
  }
  [[nodiscard]] std::int64_t wal_bytes() const {
    return static_cast<std::int64_t>(std::filesystem::file_size(path_ + "-wal"));
  }
  std::size_t count(Reader& reader) {
    ReadBudget budget;
    const auto found = reader.count(all_of("notes"), budget);
    EXPECT_TRUE(found) << message_of(found);
    return found.value_or(0);
  }
  std::unique_ptr<Reader> reader_at_now() {
    auto reader = store_->new_reader();
    EXPECT_TRUE(reader && (*reader)->begin());
    return *std::move(reader);
  }

  TemporaryFolder folder_;
  std::string path_;
  std::unique_ptr<Store> store_;
  std::int64_t rows_ = 0;
};

TEST_F(WalTest, StaysShortUnderAWriterThatNeverRests) {
  open(kSmall);
  EXPECT_LT(write(24 * 1024 * kKib), kSmallWalMax);
  EXPECT_EQ(count(*reader_at_now()), static_cast<std::size_t>(rows_));
}

TEST_F(WalTest, StaysShortBesideReadersThatComeAndGo) {
  open(kSmall);
  std::atomic<bool> stops = false;
  std::vector<std::jthread> readers;
  for (int i = 0; i < 3; ++i) {
    readers.emplace_back([&] {
      const std::unique_ptr<Reader> reader = reader_at_now();
      for (std::size_t last = 0; !stops;) {
        const auto begun = reader->begin();
        EXPECT_TRUE(begun) << message_of(begun);
        const std::size_t now = count(*reader);
        EXPECT_GE(now, last);
        last = now;
      }
    });
  }
  // Where readers are in the way by chance, another attempt comes after a quarter of drain_bytes.
  EXPECT_LT(write(24 * 1024 * kKib), 16 * 1024 * kKib);
  stops = true;
}

TEST_F(WalTest, ASnapshotMayStayAsLongAsThereIsRoom) {
  open(kSmall);
  commit_some();
  const auto reader = reader_at_now();
  EXPECT_GT(write(4 * 1024 * kKib), 4 * 1024 * kKib) << "all of it is still in the WAL";
  EXPECT_EQ(count(*reader), static_cast<std::size_t>(kRowsPerCommit));
  reader->end();
  write(8 * 1024 * kKib);
  EXPECT_LT(wal_bytes(), kSmallWalMax) << "once it has gone, the WAL is cut";
}

TEST_F(WalTest, ASnapshotThatIsTooOldEnds) {
  WalLimits limits = kSmall;
  limits.revoke_bytes = 2 * 1024 * kKib;
  limits.snapshot_age_max = std::chrono::milliseconds(0);
  open(limits);
  commit_some();
  const auto reader = reader_at_now();
  write(4 * 1024 * kKib);
  ReadBudget budget;
  budget.rows_left = 1'000'000;
  auto found = reader->count(all_of("notes"), budget);
  while (found) {
    EXPECT_EQ(*found, static_cast<std::size_t>(kRowsPerCommit)) << "until then it stands";
    ASSERT_TRUE(commit_and_tend());
    found = reader->count(all_of("notes"), budget);
  }
  EXPECT_EQ(reason_of(found), "snapshot_too_old");
  EXPECT_EQ(reason_of(reader->select(all_of("notes"), budget)), "snapshot_too_old");
  while (wal_bytes() > kSmallWalMax && rows_ < 20'000)
    write(64 * kKib);
  EXPECT_LE(wal_bytes(), kSmallWalMax) << "the WAL was cut";
  ASSERT_TRUE(reader->begin()) << "it may begin another one";
  EXPECT_EQ(count(*reader), static_cast<std::size_t>(rows_));
}

TEST_F(WalTest, TendsAnIdleWalWhateverItsLength) {
  open({});
  commit_some();
  const auto file_bytes = [&] { return std::filesystem::file_size(path_); };
  const auto before = file_bytes();
  ASSERT_TRUE(writer().tend_wal(Writer::WalCare::WhenLong));
  EXPECT_EQ(file_bytes(), before) << "short enough";
  while (file_bytes() == before) {
    ASSERT_TRUE(writer().tend_wal(Writer::WalCare::Always));
    std::this_thread::yield();
  }
  EXPECT_EQ(count(*reader_at_now()), static_cast<std::size_t>(rows_));
}

TEST_F(WalTest, AFailedCopyIsReportedAndDoneAgain) {
  FaultVfs vfs;
  open(kSmall, vfs.name());
  commit_some();
  for (const auto operation : {Fault::Operation::Sync, Fault::Operation::Write}) {
    vfs.arm(
        {.operation = operation, .duration = Fault::Duration::Lasting, .kind = FileKind::Database});
    Status tended;
    while (tended && rows_ < 100'000)
      tended = commit_and_tend();
    EXPECT_EQ(reason_of(tended), "io_error");
    EXPECT_GE(vfs.struck(), 1U);
    vfs.disarm();
    EXPECT_LT(write(8 * 1024 * kKib), 4 * kSmallWalMax) << "and the WAL is short again";
  }
  store_.reset();
  open(kSmall);
  EXPECT_EQ(count(*reader_at_now()), static_cast<std::size_t>(rows_));
}

TEST_F(WalTest, ACutWhileItIsCopiedLosesNothing) {
  const std::uint64_t seed = announced_seed();
  for (const Survivors survivors : {Survivors::Synced, Survivors::Prefix, Survivors::Subset}) {
    for (std::size_t at = 60; at < 700; at += 160) {
      const TemporaryFolder disk;
      const TemporaryFolder rest;
      CutVfs vfs;
      std::set<std::string> acknowledged;
      {
        const WalLimits limits{.copy_bytes = 64 * kKib, .drain_bytes = 256 * kKib};
        auto store =
            open_sqlite_store({.path = disk.file("data.db"), .vfs = vfs.name(), .wal = limits});
        ASSERT_TRUE(store) << message_of(store);
        Writer& writer = (*store)->writer();
        ASSERT_TRUE(
            writer.apply_schema(conformance::schema_of(kSchema), Writer::AllowDataLoss::No));
        vfs.cut_at(at + seed % 100);
        for (std::int64_t n = 1; !vfs.is_cut(); ++n) {
          const std::string id = id_of("notes", n);
          ASSERT_TRUE(writer.begin());
          ASSERT_TRUE(writer.insert(conformance::row_of(*writer.schema(), "notes", id,
                                                        {{"text", std::string(kTextBytes, 'x')}})));
          ASSERT_TRUE(writer.commit());
          if (!vfs.is_cut()) acknowledged.insert(id);
          ASSERT_TRUE(writer.tend_wal(Writer::WalCare::WhenLong));
        }
        vfs.materialise(rest.file(""), survivors, seed + at);
      }
      auto store = open_sqlite_store({.path = rest.file("data.db")});
      ASSERT_TRUE(store) << message_of(store);
      const auto reader = (*store)->new_reader();
      ASSERT_TRUE(reader && (*reader)->begin());
      ReadBudget budget;
      const auto rows = (*reader)->select(all_of("notes"), budget);
      ASSERT_TRUE(rows) << message_of(rows);
      const auto ids = conformance::ids_of(*rows);
      const std::set<std::string> survived(ids.begin(), ids.end());
      for (const std::string& id : acknowledged)
        EXPECT_TRUE(survived.contains(id)) << id << ", cut at " << at;
      EXPECT_LE(survived.size(), acknowledged.size() + 1) << "cut at " << at;
    }
  }
}

}  // namespace
}  // namespace moonstone::store
