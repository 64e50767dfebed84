// Moonstone. Licence: see LICENSE.
#include "files/local_file_store.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/engine/database_fixture.h"

namespace moonstone::files {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kKey = "0123abcd-0000-4000-8000-0123456789ab";
constexpr std::string_view kOther = "ffff0000-0000-4000-8000-0123456789ab";

class LocalFileStoreTest : public ::testing::Test {
 protected:
  void SetUp() override { store_ = open_local_file_store(root_).value(); }

  void put(std::string_view key, std::string_view bytes) {
    auto writer = store_->create(key);
    ASSERT_TRUE(writer) << writer.error().message();
    ASSERT_TRUE((*writer)->append(bytes));
    const Status finished = (*writer)->finish();
    ASSERT_TRUE(finished) << finished.error().message();
  }

  Result<std::string> get(std::string_view key, ByteRange range) {
    MS_TRY(const auto reader, store_->open(key, range));
    std::string whole;
    while (true) {
      MS_TRY(const std::string piece, reader->read());
      if (piece.empty()) return whole;
      whole += piece;
    }
  }

  std::vector<std::string> listed() {
    std::vector<std::string> keys;
    const Status status = store_->list([&](const StoredObject& object) -> Status {
      keys.push_back(object.key + ":" + std::to_string(object.size));
      return {};
    });
    EXPECT_TRUE(status) << status.error().message();
    std::ranges::sort(keys);
    return keys;
  }

  engine::TemporaryFolder folder_;
  const std::string root_ = folder_.file("files");
  std::unique_ptr<FileStore> store_;
};

TEST_F(LocalFileStoreTest, WhatWasFinishedIsReadBackWholeAndInParts) {
  const std::string bytes = std::string(200'000, 'a') + "end";
  put(kKey, bytes);
  EXPECT_EQ(get(kKey, {.from = 0, .count = bytes.size()}).value(), bytes);
  EXPECT_EQ(get(kKey, {.from = 200'000, .count = 3}).value(), "end");
  EXPECT_EQ(get(kKey, {.from = 5, .count = 0}).value(), "");
  EXPECT_EQ(fs::status(root_ + "/01/23/" + std::string(kKey)).permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST_F(LocalFileStoreTest, NothingIsVisibleBeforeItIsFinished) {
  auto writer = store_->create(kKey).value();
  ASSERT_TRUE(writer->append("half"));
  EXPECT_EQ(get(kKey, {.from = 0, .count = 4}).error().code(), ErrorCode::NotFound);
  EXPECT_TRUE(listed().empty());
  writer.reset();
  EXPECT_TRUE(fs::is_empty(root_ + "/incoming"));
}

TEST_F(LocalFileStoreTest, AShortFileIsNoticed) {
  put(kKey, "abc");
  EXPECT_EQ(get(kKey, {.from = 0, .count = 4}).error().code(), ErrorCode::Corruption);
}

TEST_F(LocalFileStoreTest, DeletingIsIdempotentAndLeavesReadersAlone) {
  put(kKey, "abc");
  auto reader = store_->open(kKey, {.from = 0, .count = 3}).value();
  EXPECT_TRUE(store_->erase(kKey));
  EXPECT_TRUE(store_->erase(kKey));
  EXPECT_EQ(reader->read().value(), "abc");
  EXPECT_TRUE(listed().empty());
}

TEST_F(LocalFileStoreTest, ListsObjectsOnly) {
  put(kKey, "abc");
  put(kOther, "");
  fs::create_directories(root_ + "/01/24");
  std::ofstream(root_ + "/01/24/" + std::string(kKey)) << "misplaced";
  std::ofstream(root_ + "/01/23/notes.txt") << "not ours";
  std::ofstream(root_ + "/secret") << "not ours";
  EXPECT_EQ(listed(),
            (std::vector<std::string>{std::string(kKey) + ":3", std::string(kOther) + ":0"}));
}

TEST_F(LocalFileStoreTest, LeftoversGoByAge) {
  const std::string old_one = root_ + "/incoming/old";
  const std::string young_one = root_ + "/incoming/young";
  for (const std::string& path : {old_one, young_one})
    std::ofstream(path) << "x";
  const auto now = fs::file_time_type::clock::now();
  fs::last_write_time(old_one, now - std::chrono::hours(2));
  const std::int64_t hour_ago =
      std::chrono::duration_cast<std::chrono::milliseconds>(
          (std::chrono::system_clock::now() - std::chrono::hours(1)).time_since_epoch())
          .count();
  ASSERT_TRUE(store_->discard_unfinished(hour_ago));
  EXPECT_FALSE(fs::exists(old_one));
  EXPECT_TRUE(fs::exists(young_one));
}

TEST_F(LocalFileStoreTest, AKeyIsWrittenByOneAtATime) {
  auto first = store_->create(kKey).value();
  auto second = store_->create(kKey);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code(), ErrorCode::Unavailable);
  // The failed one must not have removed the file of the first.
  ASSERT_TRUE(first->append("x"));
  EXPECT_TRUE(first->finish());
}

TEST_F(LocalFileStoreTest, ABlockedPlaceIsAnErrorThatNamesIt) {
  std::ofstream(root_ + "/01") << "a file where a folder must be";
  auto writer = store_->create(kKey).value();
  ASSERT_TRUE(writer->append("x"));
  const Status finished = writer->finish();
  ASSERT_FALSE(finished);
  EXPECT_EQ(finished.error().reason(), "file_store");
  EXPECT_NE(finished.error().message().find(root_ + "/01"), std::string::npos);
  writer.reset();
  EXPECT_TRUE(fs::is_empty(root_ + "/incoming"));
}

/// Lets the process write files of that size at most, as a full disk would.
class SmallDisk {
 public:
  explicit SmallDisk(::rlim_t bytes) {
    ::getrlimit(RLIMIT_FSIZE, &before_);
    former_ = std::signal(SIGXFSZ, SIG_IGN);
    const ::rlimit small{.rlim_cur = bytes, .rlim_max = before_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &small);
  }
  ~SmallDisk() {
    ::setrlimit(RLIMIT_FSIZE, &before_);
    std::signal(SIGXFSZ, former_);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

 private:
  ::rlimit before_{};
  void (*former_)(int) = nullptr;
};

TEST_F(LocalFileStoreTest, AWriteThatDoesNotFitFailsAndLeavesNothing) {
  auto writer = store_->create(kKey).value();
  {
    const SmallDisk disk(1000);
    EXPECT_TRUE(writer->append(std::string(900, 'x')));
    const Status written = writer->append(std::string(900, 'x'));
    ASSERT_FALSE(written);
    EXPECT_EQ(written.error().code(), ErrorCode::Unavailable);
  }
  writer.reset();
  EXPECT_TRUE(fs::is_empty(root_ + "/incoming"));
  EXPECT_TRUE(listed().empty());
}

TEST_F(LocalFileStoreTest, ARootThatCannotBeMadeIsAnError) {
  std::ofstream(folder_.file("taken")) << "x";
  const auto refused = open_local_file_store(folder_.file("taken") + "/files");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("taken/files"), std::string::npos);
}

TEST(FileKey, OnlyUuidsAreKeys) {
  EXPECT_TRUE(is_file_key(kKey));
  for (const std::string_view text :
       {"", "abc", "../../etc/passwd", "0123ABCD-0000-4000-8000-0123456789ab",
        "0123abcd-0000-4000-8000-0123456789a/", "0123abcd-0000-4000-8000-0123456789abc"}) {
    EXPECT_FALSE(is_file_key(text)) << text;
  }
}

}  // namespace
}  // namespace moonstone::files
