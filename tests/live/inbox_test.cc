// Moonstone. Licence: see LICENSE.
#include "live/internal/inbox.h"

#include <gtest/gtest.h>

#include "tests/live/live_test_support.h"

namespace moonstone::live {
namespace {

using testing::make_commit;

Instant long_ago() {
  return Instant();
}

TEST(InboxTest, KeepsTheOrderOfCommitsAndWishes) {
  Inbox inbox;
  std::string order;
  inbox.push_wish([&order] { order += "a"; });
  inbox.push_commit(make_commit(1, {}));
  inbox.push_wish([&order] { order += "b"; });
  inbox.push_commit(make_commit(2, {}));
  for (Wish& wish : inbox.take_wishes())
    wish();
  EXPECT_EQ(order, "ab");
  const auto commits = inbox.take_commits();
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_EQ(commits.back()->version, 2U);
  EXPECT_TRUE(inbox.is_empty());
}

TEST(InboxTest, FetchesCommitsOnlyUpToTheVersion) {
  Inbox inbox;
  inbox.push_commit(make_commit(3, {}));
  inbox.push_commit(make_commit(5, {}));
  EXPECT_EQ(inbox.wait_for_commit(4, long_ago())->version, 3U);
  EXPECT_EQ(inbox.wait_for_commit(4, long_ago()), nullptr);
  EXPECT_EQ(inbox.wait_for_commit(5, long_ago())->version, 5U);
  EXPECT_EQ(inbox.wait_for_commit(5, long_ago()), nullptr);
}

TEST(InboxTest, TooManyCommitsMeltIntoOneForEverything) {
  Inbox inbox;
  for (Version version = 1; version <= kInboxCommitsMax; ++version) {
    inbox.push_commit(make_commit(version, {}));
  }
  EXPECT_EQ(inbox.take_commits().size(), kInboxCommitsMax);
  for (Version version = 1; version <= kInboxCommitsMax + 1; ++version) {
    inbox.push_commit(make_commit(version, {}));
  }
  const auto commits = inbox.take_commits();
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_TRUE(commits.front()->everything);
  EXPECT_EQ(commits.front()->version, kInboxCommitsMax + 1);
}

TEST(InboxTest, TooManyBytesMeltIntoOneForEverything) {
  const schema::Table table = testing::make_table("items");
  query::Row row = testing::make_row(table, 1, {1});
  row.values.emplace_back(std::string(kInboxBytesMax, 'x'));
  const query::Change change = testing::make_change(std::nullopt, row);
  Inbox inbox;
  inbox.push_commit(make_commit(1, {change}));
  ASSERT_FALSE(inbox.take_commits().front()->everything) << "one is not held back by others";
  inbox.push_commit(make_commit(2, {change}));
  ASSERT_FALSE(inbox.wait_for_commit(2, long_ago())->everything);
  inbox.push_commit(make_commit(3, {change}));
  inbox.push_commit(make_commit(4, {change}));
  const auto commits = inbox.take_commits();
  ASSERT_EQ(commits.size(), 1U);
  EXPECT_TRUE(commits.front()->everything);
  EXPECT_EQ(commits.front()->version, 4U);
}

TEST(InboxTest, TooManyChangesMeltIntoOneForEverything) {
  const schema::Table table = testing::make_table("items");
  const query::Change change = testing::make_change(std::nullopt, testing::make_row(table, 1, {1}));
  Inbox inbox;
  inbox.push_commit(make_commit(1, std::vector(kInboxChangesMax, change)));
  ASSERT_FALSE(inbox.take_commits().front()->everything);
  inbox.push_commit(make_commit(2, std::vector(kInboxChangesMax, change)));
  inbox.push_commit(make_commit(3, {change}));
  inbox.push_commit(make_commit(4, {change}));
  const auto commits = inbox.take_commits();
  ASSERT_EQ(commits.size(), 2U);
  EXPECT_TRUE(commits.front()->everything);
  EXPECT_EQ(commits.front()->version, 3U);
  EXPECT_FALSE(commits.back()->everything);
}

TEST(InboxTest, TakesNoWishesAfterClosing) {
  Inbox inbox;
  inbox.close();
  inbox.wait(std::nullopt);  // does not block
  inbox.push_wish([] { FAIL(); });
  EXPECT_TRUE(inbox.take_wishes().empty());
}

}  // namespace
}  // namespace moonstone::live
