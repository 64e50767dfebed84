// Moonstone. Licence: see LICENSE.
// The history of deployed bundles: what runs after a restart, how far back it goes, and damage.
#include "protocol/functions/bundle_store.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::protocol::functions {
namespace {

using testing::HasSubstr;

runtime::Bundle bundle_of(const std::string& code) {
  runtime::Bundle bundle;
  bundle.source.code = code;
  bundle.hash = runtime::content_hash(bundle.source);
  return bundle;
}

class BundleStoreTest : public ::testing::Test {
 protected:
  BundleStoreTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
  }
  ~BundleStoreTest() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] BundleStore open() const { return BundleStore::open(folder_).value(); }
  [[nodiscard]] std::size_t file_count() const {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "bundles"))
      count += entry.path().filename() == "history.json" ? 0 : 1;
    return count;
  }

  std::filesystem::path folder_;
};

TEST_F(BundleStoreTest, AFreshFolderHasNoHistoryAndGetsNoFiles) {
  const BundleStore store = open();
  EXPECT_TRUE(store.history().empty());
  EXPECT_FALSE(store.continues_from(""));
  EXPECT_FALSE(std::filesystem::exists(folder_ / "bundles"));
}

TEST_F(BundleStoreTest, WhatWasDeployedIsFoundAfterARestart) {
  const runtime::Bundle base = bundle_of("base");
  const runtime::Bundle next = bundle_of("next");
  {
    BundleStore store = open();
    ASSERT_TRUE(store.record_base(base, 1));
    ASSERT_TRUE(store.record(next, 2));
  }
  const BundleStore store = open();
  ASSERT_EQ(store.history().size(), 2U);
  EXPECT_EQ(store.history().back().hash, next.hash);
  EXPECT_EQ(store.history().back().unix_ms, 2);
  EXPECT_TRUE(store.continues_from(base.hash));
  EXPECT_FALSE(store.continues_from(next.hash));
  EXPECT_EQ(store.load(store.history().back()).value().source.code, "next");
}

TEST_F(BundleStoreTest, TheSameBundleTwiceIsOneEntry) {
  BundleStore store = open();
  ASSERT_TRUE(store.record(bundle_of("a"), 1));
  ASSERT_TRUE(store.record(bundle_of("a"), 2));
  EXPECT_EQ(store.history().size(), 1U);
  EXPECT_EQ(store.history().back().unix_ms, 1);
}

TEST_F(BundleStoreTest, GoesBackOneByOne) {
  BundleStore store = open();
  for (const char* code : {"a", "b", "a", "c"})
    ASSERT_TRUE(store.record(bundle_of(code), 1));
  ASSERT_TRUE(store.forget_last());
  EXPECT_EQ(open().history().back().hash, bundle_of("a").hash);
  ASSERT_TRUE(store.forget_last());
  EXPECT_EQ(store.history().back().hash, bundle_of("b").hash);
  EXPECT_EQ(file_count(), 2U) << "the file of an entry that is still named went, or another stayed";
  EXPECT_TRUE(store.load(store.history().front()));
}

TEST_F(BundleStoreTest, KeepsTheLastTen) {
  BundleStore store = open();
  for (int i = 0; i < 15; ++i)
    ASSERT_TRUE(store.record(bundle_of(std::to_string(i)), i));
  EXPECT_EQ(store.history().size(), kBundlesKeptMax);
  EXPECT_EQ(store.history().front().unix_ms, 5);
  EXPECT_EQ(file_count(), kBundlesKeptMax);
}

TEST_F(BundleStoreTest, DamageIsNamedWithTheWayOut) {
  {
    BundleStore store = open();
    ASSERT_TRUE(store.record(bundle_of("a"), 1));
  }
  BundleStore store = open();
  const std::string file = (folder_ / "bundles" / (store.history().back().hash + ".json")).string();
  std::ofstream(file, std::ios::trunc) << runtime::write_bundle_file(bundle_of("b"));
  const auto other = store.load(store.history().back());
  ASSERT_FALSE(other);
  EXPECT_EQ(other.error().code(), ErrorCode::Corruption);
  EXPECT_THAT(other.error().message(), HasSubstr("Deploy again"));
  std::filesystem::remove(file);
  EXPECT_FALSE(store.load(store.history().back()));

  for (const char* text : {"", "{", "{}", R"({"deployments":[5]})",
                           R"({"deployments":[{"hash":"../../../../etc/passwd"}]})"}) {
    std::ofstream((folder_ / "bundles/history.json").string(), std::ios::trunc) << text;
    const auto opened = BundleStore::open(folder_);
    ASSERT_FALSE(opened) << text;
    EXPECT_THAT(opened.error().message(), HasSubstr("history.json")) << text;
  }
}

}  // namespace
}  // namespace moonstone::protocol::functions
