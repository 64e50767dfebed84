// Moonstone. Licence: see LICENSE.
// Snapshots that a reader keeps between two uses: they are never old, and in nobody's way for long.
// And how the version of a state is told.

#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "store/sqlite/sqlite_store.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/other_program.h"
#include "tests/store/support.h"

namespace moonstone::store {
namespace {

using conformance::all_of;
using conformance::id_of;
using conformance::message_of;

constexpr std::string_view kSchema = R"({"tables":{
  "notes":{"fields":{"text":{"type":"string"}},"indexes":[]}
}})";
/// The first column says whether somebody was in the way.
constexpr const char* kEmptyTheWal = "PRAGMA wal_checkpoint(TRUNCATE)";

class KeptSnapshotTest : public testing::Test {
 protected:
  void SetUp() override {
    open();
    const auto applied =
        writer().apply_schema(conformance::schema_of(kSchema), Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << message_of(applied);
    write();
  }
  void open(WalLimits wal = {}) {
    store_.reset();
    auto opened = open_sqlite_store({.path = path(), .durability = Durability::Normal, .wal = wal});
    ASSERT_TRUE(opened) << message_of(opened);
    store_ = *std::move(opened);
  }
  [[nodiscard]] std::string path() const { return folder_.file("data.db"); }
  Writer& writer() { return store_->writer(); }

  /// One row in a transaction, as the engine writes it.
  void write() {
    const auto begun = writer().begin();
    ASSERT_TRUE(begun) << message_of(begun);
    const auto mark = writer().light_mark();
    ASSERT_TRUE(mark);
    ASSERT_TRUE(insert());
    const auto changes = writer().changes_since(*mark);
    ASSERT_TRUE(changes);
    ASSERT_TRUE(writer().append_log(begun->version + 1, 0, {}, *changes));
    ASSERT_TRUE(writer().set_version(begun->version + 1));
    ASSERT_TRUE(writer().commit());
  }
  Status insert() {
    ++rows_;
    return writer().insert(
        conformance::row_of(*writer().schema(), "notes", id_of("notes", rows_), {{"text", "a"}}));
  }

  /// A reader between two uses; the second one has a snapshot that can be kept.
  std::unique_ptr<Reader> idle_reader(KeepSnapshot keep = KeepSnapshot::Yes) {
    auto reader = store_->new_reader(keep);
    EXPECT_TRUE(reader) << message_of(reader);
    for (int use = 0; use < 2; ++use)
      EXPECT_EQ(count(**reader), rows_);
    return *std::move(reader);
  }
  /// In one use.
  static std::int64_t count(Reader& reader) {
    const auto begun = reader.begin();
    EXPECT_TRUE(begun) << message_of(begun);
    ReadBudget budget;
    const auto found = reader.count(all_of("notes"), budget);
    EXPECT_TRUE(found) << message_of(found);
    reader.end();
    return static_cast<std::int64_t>(found.value_or(0));
  }
  static Version version(Reader& reader) {
    const Version version = reader.begin().value_or(SnapshotInfo()).version;
    reader.end();
    return version;
  }
  /// Whether another program can empty the WAL now: a snapshot would be in its way.
  [[nodiscard]] bool is_wal_free() const {
    OtherProgram other(path());
    other.run("PRAGMA busy_timeout=0");
    return other.text(kEmptyTheWal) == "0\n";
  }

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
  std::int64_t rows_ = 0;
};

TEST_F(KeptSnapshotTest, IsKeptOnlyWhereThatWasAskedFor) {
  const auto ordinary = idle_reader(KeepSnapshot::No);
  EXPECT_TRUE(is_wal_free());
  write();
  const auto keeping = idle_reader();
  EXPECT_FALSE(is_wal_free());
}

TEST_F(KeptSnapshotTest, ShowsWhatWasCommittedSince) {
  const auto reader = idle_reader();
  for (int round = 0; round < 5; ++round) {
    const Version before = version(*reader);
    write();
    EXPECT_EQ(count(*reader), rows_);
    EXPECT_EQ(version(*reader), before + 1);
    EXPECT_EQ(count(*reader), rows_);
  }
}

TEST_F(KeptSnapshotTest, ShowsWhatOtherProgramsHaveWritten) {
  const auto reader = idle_reader();
  OtherProgram other(path());
  other.run("INSERT INTO notes(_id,text) VALUES('notes:x','from outside')");
  ++rows_;
  EXPECT_EQ(count(*reader), rows_);
  other.run("DELETE FROM notes");
  rows_ = 0;
  EXPECT_EQ(count(*reader), rows_);
}

TEST_F(KeptSnapshotTest, ShowsWhatWasCommittedAfterTheWalBeganAnew) {
  const auto reader = idle_reader();
  for (int round = 0; round < 5; ++round) {
    ASSERT_TRUE(writer().tend_wal(Writer::WalCare::Always));  // copied: the next commit restarts it
    EXPECT_EQ(count(*reader), rows_);
    write();
    EXPECT_EQ(count(*reader), rows_);
    EXPECT_EQ(count(*reader), rows_);
  }
}

TEST_F(KeptSnapshotTest, EndsWhenTheWriterTendsItsWal) {
  const auto reader = idle_reader();
  EXPECT_FALSE(is_wal_free());
  ASSERT_TRUE(writer().tend_wal(Writer::WalCare::WhenLong));
  EXPECT_TRUE(is_wal_free());
  EXPECT_EQ(count(*reader), rows_);
}

TEST_F(KeptSnapshotTest, IsInNobodysWayWhenTheWalIsCut) {
  constexpr std::int64_t kKib = 1024;
  open({.copy_bytes = 16 * kKib, .drain_bytes = 32 * kKib, .revoke_bytes = 64 * kKib});
  const auto reader = idle_reader();
  for (int i = 0; i < 200; ++i) {
    write();
    ASSERT_TRUE(writer().tend_wal(Writer::WalCare::WhenLong));
    EXPECT_EQ(count(*reader), rows_);
  }
}

TEST_F(KeptSnapshotTest, EndsWithItsReader) {
  auto reader = idle_reader();
  EXPECT_FALSE(is_wal_free());
  reader.reset();
  EXPECT_TRUE(is_wal_free());
}

TEST_F(KeptSnapshotTest, IsTakenBackWhenTheStoreOpensAgain) {
  const auto reader = idle_reader();
  ASSERT_TRUE(store_->restart());
  EXPECT_TRUE(is_wal_free());
  EXPECT_EQ(count(*reader), rows_);
  write();
  EXPECT_EQ(count(*reader), rows_);
}

TEST_F(KeptSnapshotTest, FollowsTheSchema) {
  const auto reader = idle_reader();
  const auto applied = writer().apply_schema(conformance::schema_of(R"({"tables":{
        "notes":{"fields":{"text":{"type":"string"}},"indexes":[]},
        "more":{"fields":{"text":{"type":"string"}},"indexes":[]}}})"),
                                             Writer::AllowDataLoss::No);
  ASSERT_TRUE(applied) << message_of(applied);
  ASSERT_TRUE(reader->begin());
  EXPECT_NE(reader->schema()->find_table("more"), nullptr);
}

TEST_F(KeptSnapshotTest, TheLogTellsTheVersion) {
  write();
  OtherProgram other(path());
  EXPECT_EQ(other.text("SELECT version FROM _moonstone_meta"), "0\n") << "not written with it";
  EXPECT_EQ(version(*idle_reader()), 2U);
  open();
  EXPECT_EQ(version(*idle_reader()), 2U);
}

TEST_F(KeptSnapshotTest, AVersionWhoseEntriesWereTakenBackIsWritten) {
  const auto begun = writer().begin();
  ASSERT_TRUE(begun);
  const auto mark = writer().mark();
  ASSERT_TRUE(mark);
  ASSERT_TRUE(insert());
  const auto changes = writer().changes_since(*mark);
  ASSERT_TRUE(changes);
  ASSERT_TRUE(writer().append_log(begun->version + 1, 0, {}, *changes));
  ASSERT_TRUE(writer().rollback_to(*mark));
  ASSERT_TRUE(writer().set_version(begun->version + 1));
  ASSERT_TRUE(writer().commit());
  --rows_;
  EXPECT_EQ(version(*idle_reader()), begun->version + 1);
}

TEST_F(KeptSnapshotTest, TheWriterKnowsTheVersionWhateverBecameOfTheLastTransaction) {
  const auto version_at_begin = [this] {
    const auto begun = writer().begin();
    EXPECT_TRUE(begun) << message_of(begun);
    writer().rollback();
    return begun.value_or(Writer::Begun()).version;
  };
  EXPECT_EQ(version_at_begin(), 1U);
  write();
  EXPECT_EQ(version_at_begin(), 2U);
  const auto mark = writer().begin() ? writer().light_mark() : Result<Mark>(Mark());
  ASSERT_TRUE(mark);
  ASSERT_TRUE(insert());
  const auto changes = writer().changes_since(*mark);
  ASSERT_TRUE(changes);
  ASSERT_TRUE(writer().append_log(3, 0, {}, *changes));
  ASSERT_TRUE(writer().set_version(3));
  writer().rollback();
  --rows_;
  EXPECT_EQ(version_at_begin(), 2U) << "it was rolled back";
  OtherProgram(path()).run("UPDATE _moonstone_meta SET version=9");
  EXPECT_EQ(version_at_begin(), 9U) << "another program has written";
  write();
  EXPECT_EQ(version_at_begin(), 10U);
}

TEST_F(KeptSnapshotTest, AFileOfTheFirstFormatIsBroughtUpToDate) {
  store_.reset();
  {
    OtherProgram other(path());
    other.run(
        "UPDATE _moonstone_meta SET format=1,version=7;"
        "CREATE INDEX _moonstone_log_by_table ON _moonstone_log(namespace,tbl)");
  }
  open();
  OtherProgram other(path());
  EXPECT_EQ(other.text("SELECT format FROM _moonstone_meta"), "2\n");
  EXPECT_EQ(other.text("SELECT count(*) FROM sqlite_schema WHERE name='_moonstone_log_by_table'"),
            "0\n");
  EXPECT_EQ(version(*idle_reader()), 7U);
  write();
  EXPECT_EQ(version(*idle_reader()), 8U);
}

}  // namespace
}  // namespace moonstone::store
