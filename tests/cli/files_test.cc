// Moonstone. Licence: see LICENSE.
// Files, package.json, the cache of bundles, child processes and the watcher.
#include "cli/files.h"

#include <array>
#include <chrono>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

#include "cli/bundle_cache.h"
#include "cli/package_json.h"
#include "cli/process.h"
#include "cli/signals.h"
#include "cli/watcher.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using testing::HasSubstr;
namespace fs = std::filesystem;

/// Long enough for any machine; a test that needs it has failed.
constexpr std::chrono::milliseconds kPatience{60'000};

TEST(Files, AreWrittenWholeAndOnlyWhenTheyDiffer) {
  const TemporaryFolder folder;
  EXPECT_EQ(*write_if_changed(folder / "a/b.txt", "one"), Written::Yes);
  EXPECT_EQ(*write_if_changed(folder / "a/b.txt", "one"), Written::No);
  EXPECT_EQ(*write_if_changed(folder / "a/b.txt", "two"), Written::Yes);
  EXPECT_EQ(folder.read("a/b.txt"), "two");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder / "a"), fs::directory_iterator()), 1);
}

TEST(Files, ErrorsNameThePath) {
  const TemporaryFolder folder;
  EXPECT_THAT(read_file(folder / "nothing").error().message(), HasSubstr("nothing: No such file"));
  folder.write("file", "");
  EXPECT_THAT(write_file(folder / "file/below", "x").error().message(), HasSubstr("/file"));
}

TEST(Files, AreShownRelativeToTheProject) {
  EXPECT_EQ(shown_path("/app/moonstone/a.ts", "/app"), "moonstone/a.ts");
  EXPECT_EQ(shown_path("/other/a.ts", "/app"), "/other/a.ts");
}

TEST(PackageJson, KeepsOrderIndentationAndWhatIsMentioned) {
  const std::vector<NpmPackage> packages = {{.name = "@moonstone/client", .tarball = "/t/c.tgz"},
                                            {.name = "@moonstone/server", .tarball = "/t/s.tgz"}};
  const std::string before =
      "{\n\t\"version\": \"1.0.0\",\n\t\"name\": \"mine\",\n\t\"dependencies\": {\n"
      "\t\t\"react\": \"^19\"\n\t},\n\t\"devDependencies\": {\n"
      "\t\t\"@moonstone/client\": \"1\"\n\t}\n}\n";
  EXPECT_EQ(*add_dependencies(before, "x", packages),
            "{\n\t\"version\": \"1.0.0\",\n\t\"name\": \"mine\",\n\t\"dependencies\": {\n"
            "\t\t\"react\": \"^19\",\n\t\t\"@moonstone/server\": \"file:/t/s.tgz\"\n\t},\n"
            "\t\"devDependencies\": {\n\t\t\"@moonstone/client\": \"1\"\n\t}\n}\n");
}

TEST(PackageJson, LeavesACompleteFileAsItIs) {
  const std::string before = "{ \"dependencies\":{\"@moonstone/server\":\"1\"} }";
  EXPECT_EQ(*add_dependencies(before, "x", {{.name = "@moonstone/server", .tarball = "/t"}}),
            before);
}

TEST(PackageJson, IsMadeForAProjectWithout) {
  const auto text =
      add_dependencies("", "My App!", {{.name = "@moonstone/server", .tarball = "/t"}});
  ASSERT_TRUE(text);
  EXPECT_THAT(*text, HasSubstr("\"name\": \"my-app-\""));
  EXPECT_THAT(*text, HasSubstr("\"@moonstone/server\": \"file:/t\""));
}

TEST(PackageJson, RefusesWhatIsNoObject) {
  EXPECT_FALSE(add_dependencies("[]", "x", {}));
  EXPECT_FALSE(add_dependencies("{", "x", {}));
}

class Cache : public testing::Test {
 protected:
  void SetUp() override {
    folder_.write("a.ts", "one");
    const CachedBundle bundle{.source = {.code = "code", .source_map = "map"},
                              .inputs = {folder_ / "a.ts"}};
    ASSERT_TRUE(store_cached_bundle(folder_ / "build", "entry", bundle, kLater));
  }

  static constexpr auto kLater = std::chrono::file_clock::time_point::max();

  TemporaryFolder folder_;
};

TEST_F(Cache, ReturnsWhatWasStored) {
  const auto cached = load_cached_bundle(folder_ / "build", "entry");
  ASSERT_TRUE(cached);
  EXPECT_EQ(cached->source.code, "code");
  EXPECT_EQ(cached->source.source_map, "map");
}

TEST_F(Cache, NoticesChangedInputs) {
  folder_.write("a.ts", "two");
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "entry"));
  folder_.write("a.ts", "one");
  EXPECT_TRUE(load_cached_bundle(folder_ / "build", "entry"));
  fs::remove(folder_ / "a.ts");
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "entry"));
}

TEST_F(Cache, NoticesANewModuleAndADamagedBundle) {
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "another entry"));
  folder_.write("build/bundle.js", "torn");
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "entry"));
}

TEST_F(Cache, KeepsNothingOfABuildDuringWhichAFileChanged) {
  const auto started = fs::last_write_time(folder_ / "a.ts");
  const CachedBundle bundle{.source = {.code = "newer", .source_map = "map"},
                            .inputs = {folder_ / "a.ts"}};
  ASSERT_TRUE(store_cached_bundle(folder_ / "build", "entry", bundle, started));
  EXPECT_EQ(load_cached_bundle(folder_ / "build", "entry")->source.code, "code");
}

TEST_F(Cache, TakesGarbageForNothing) {
  folder_.write("build/stamp.json", "{\"version\": 1, \"inputs\": [");
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "entry"));
  folder_.write("build/stamp.json", "{}");
  EXPECT_FALSE(load_cached_bundle(folder_ / "build", "entry"));
}

Result<ProcessOutcome> shell(const std::string& script, ProcessOptions options = {}) {
  options.command = {"/bin/sh", "-c", script};
  if (options.folder.empty()) options.folder = "/";
  return run_process(options);
}

TEST(Process, CollectsBothStreamsAndTheCode) {
  const auto outcome = shell("echo out; echo err >&2; pwd; exit 3");
  ASSERT_TRUE(outcome) << outcome.error().message();
  EXPECT_EQ(outcome->exit_code, 3);
  EXPECT_EQ(outcome->output, "out\nerr\n/\n");
  EXPECT_EQ(shell("kill -9 $$")->exit_code, 128 + 9);
}

TEST(Process, IsBoundedInTimeAndOutput) {
  const auto late = shell("while :; do :; done", {.time_max = std::chrono::seconds(0)});
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code(), ErrorCode::DeadlineExceeded);
  const auto loud = shell("head -c 3000000 /dev/zero");
  ASSERT_TRUE(loud);
  EXPECT_EQ(loud->output.size(), kProcessOutputBytesMax);
}

TEST(Process, CanBeInterrupted) {
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  ASSERT_EQ(::write(ends[1], "x", 1), 1);
  const auto outcome = shell("while :; do :; done", {.interrupt = ends[0]});
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().code(), ErrorCode::Cancelled);
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(Process, NamesAProgramThatIsMissing) {
  const auto outcome = run_process({.command = {"/no/such/program"}, .folder = "/"});
  ASSERT_FALSE(outcome);
  EXPECT_THAT(outcome.error().message(), HasSubstr("/no/such/program"));
}

class Watching : public testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(folder_ / "functions/utils");
    fs::create_directories(folder_ / "functions/_generated");
    auto watcher = Watcher::create(folder_ / "functions");
    ASSERT_TRUE(watcher) << watcher.error().message();
    watcher_.emplace(*std::move(watcher));
  }

  /// Whether a change is noticed; what was written before is one burst.
  Watcher::Change next_change() {
    EXPECT_EQ(wait_readable({watcher_->descriptor()}, kPatience), Waited::Readable);
    return watcher_->take_change(-1);
  }

  void expect_nothing() { EXPECT_EQ(next_change(), Watcher::Change::None); }

  TemporaryFolder folder_;
  std::optional<Watcher> watcher_;
};

TEST_F(Watching, NoticesFilesAtEveryLevel) {
  folder_.write("functions/a.ts", "1");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
  folder_.write("functions/utils/b.ts", "1");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
  fs::remove(folder_ / "functions/utils/b.ts");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
}

TEST_F(Watching, FollowsNewFolders) {
  fs::create_directories(folder_ / "functions/new/deep");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
  folder_.write("functions/new/deep/c.ts", "1");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
}

TEST_F(Watching, IgnoresTemporaryFilesOfEditors) {
  folder_.write("functions/.a.ts.swp", "1");
  expect_nothing();
  folder_.write("functions/a.ts~", "1");
  expect_nothing();
}

TEST_F(Watching, NoticesThatTheFolderComesBack) {
  fs::remove_all(folder_ / "functions");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
  fs::create_directories(folder_ / "functions");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
  folder_.write("functions/a.ts", "1");
  EXPECT_EQ(next_change(), Watcher::Change::Some);
}

TEST(IgnoredNames, AreGeneratedHiddenAndTemporary) {
  for (const char* const name :
       {"_generated", "node_modules", ".git", "#a#", "a.ts~", "a.swp", "a.ts.123.tmp", "4913"}) {
    EXPECT_TRUE(is_ignored_name(name)) << name;
  }
  for (const char* const name : {"a.ts", "utils", "_private.ts", "data.json", "v2"}) {
    EXPECT_FALSE(is_ignored_name(name)) << name;
  }
}

}  // namespace
}  // namespace moonstone::cli
