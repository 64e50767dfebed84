// Moonstone. Licence: see LICENSE.
#include "live/internal/commit_ring.h"

#include <gtest/gtest.h>

#include "tests/live/live_test_support.h"

namespace moonstone::live {
namespace {

using testing::footprint_of;
using testing::make_change;
using testing::make_commit;
using testing::make_everything;
using testing::make_row;
using testing::rows_equal;

class CommitRingTest : public ::testing::Test {
 protected:
  engine::CommitPtr insert_of(engine::Version version, std::int64_t value) {
    return make_commit(version,
                       {make_change(std::nullopt, make_row(items_, ++last_row_, {value}))});
  }
  Touched touched(std::int64_t value, engine::Version version, CommitNumber seen = {}) const {
    const store::SnapshotInfo snapshot{.version = version, .schema_version = 1, .epoch = 0};
    return ring_.touched_since(*footprint_of({rows_equal(items_, "a", value)}), snapshot, seen);
  }

  schema::Table items_ = testing::make_table("items");
  CommitRing ring_{4, 8};
  std::int64_t last_row_ = 0;
};

TEST_F(CommitRingTest, LooksOnlyAtCommitsThatTheSnapshotLacks) {
  ring_.push(insert_of(11, 1));
  ring_.push(insert_of(12, 2));
  EXPECT_EQ(touched(1, 10), Touched::Yes);
  EXPECT_EQ(touched(1, 11), Touched::No);
  EXPECT_EQ(touched(2, 11), Touched::Yes);
  EXPECT_EQ(touched(2, 12), Touched::No);
  EXPECT_EQ(touched(3, 0), Touched::No);
}

TEST_F(CommitRingTest, BoundsTheBytesOfTheRowsThatItKeeps) {
  const schema::Table notes = testing::make_table("notes");
  const auto big_insert = [&](engine::Version version) {
    query::Row row = make_row(notes, ++last_row_, {0});
    row.values.emplace_back(std::string(kRingBytesMax / 3, 'x'));
    return make_commit(version, {make_change(std::nullopt, std::move(row))});
  };
  for (engine::Version version = 11; version <= 13; ++version)
    ring_.push(big_insert(version));
  EXPECT_EQ(touched(1, 11), Touched::No);
  EXPECT_EQ(touched(1, 10), Touched::TooOld) << "three of them are too much";
  ring_.push(insert_of(14, 1));
  EXPECT_EQ(touched(1, 11), Touched::Yes);
}

TEST_F(CommitRingTest, WhatWasSeenBeforeTheRunIsContained) {
  const CommitNumber seen = ring_.push(insert_of(11, 1));
  EXPECT_EQ(touched(1, 10), Touched::Yes);
  EXPECT_EQ(touched(1, 10, seen), Touched::No);
}

TEST_F(CommitRingTest, ForgottenCommitsInQuestionAreTooOld) {
  for (engine::Version version = 11; version <= 14; ++version)
    ring_.push(insert_of(version, 1));
  EXPECT_EQ(touched(2, 10), Touched::No);
  ring_.push(insert_of(15, 1));
  EXPECT_EQ(touched(2, 10), Touched::TooOld);
  EXPECT_EQ(touched(2, 11), Touched::No);
  EXPECT_EQ(touched(1, 11), Touched::Yes);
  EXPECT_EQ(touched(2, 10, CommitNumber{1}), Touched::No);
}

TEST_F(CommitRingTest, ManyChangesPushOldCommitsOut) {
  ring_.push(insert_of(11, 1));
  std::vector<query::Change> changes;
  for (int i = 0; i < 8; ++i) {
    changes.push_back(make_change(std::nullopt, make_row(items_, ++last_row_, {5})));
  }
  ring_.push(make_commit(12, changes));
  EXPECT_EQ(touched(2, 10), Touched::TooOld);
  EXPECT_EQ(touched(2, 11), Touched::No);
  EXPECT_EQ(touched(5, 11), Touched::Yes);
  changes.push_back(changes.back());
  ring_.push(make_commit(13, changes));
  EXPECT_EQ(touched(2, 12), Touched::TooOld);
  EXPECT_EQ(touched(2, 13), Touched::No);
}

TEST_F(CommitRingTest, MoreChecksThanTheBoundAreNotMade) {
  CommitRing ring(4, 8, 6);
  const auto footprint = footprint_of(
      {rows_equal(items_, "a", 1), rows_equal(items_, "a", 2), rows_equal(items_, "a", 3)});
  ring.push(insert_of(11, 9));
  ring.push(insert_of(12, 9));
  EXPECT_EQ(ring.touched_since(*footprint, {.version = 10, .schema_version = 1, .epoch = 0}, {}),
            Touched::No);
  ring.push(insert_of(13, 9));
  EXPECT_EQ(ring.touched_since(*footprint, {.version = 10, .schema_version = 1, .epoch = 0}, {}),
            Touched::TooOld);
  EXPECT_EQ(ring.touched_since(*footprint, {.version = 11, .schema_version = 1, .epoch = 0}, {}),
            Touched::No);
}

TEST_F(CommitRingTest, EverythingTouchesAlsoAtTheSameVersion) {
  const CommitNumber everything = ring_.push(make_everything(11));
  EXPECT_EQ(touched(1, 10), Touched::Yes);
  EXPECT_EQ(touched(1, 11), Touched::Yes);
  EXPECT_EQ(touched(1, 11, everything), Touched::No);
  EXPECT_EQ(touched(1, 12), Touched::No);
}

TEST_F(CommitRingTest, AForgottenEverythingStaysInQuestionAtItsVersion) {
  ring_.push(make_everything(11));
  for (engine::Version version = 12; version <= 15; ++version)
    ring_.push(insert_of(version, 9));
  ring_.push(insert_of(16, 9));
  EXPECT_EQ(touched(1, 11), Touched::TooOld);
  EXPECT_EQ(touched(1, 12), Touched::No);
}

TEST_F(CommitRingTest, ANewerSchemaIsNotContainedInAnOlderSnapshot) {
  ring_.push(make_everything(11, 2));
  const store::SnapshotInfo snapshot{.version = 11, .schema_version = 1, .epoch = 0};
  EXPECT_EQ(ring_.touched_since({}, snapshot, {}), Touched::Yes);
}

}  // namespace
}  // namespace moonstone::live
