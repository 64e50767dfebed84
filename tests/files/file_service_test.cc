// Moonstone. Licence: see LICENSE.
#include "files/file_service.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "base/digest.h"
#include "base/encoding.h"
#include "tests/files/files_fixture.h"
#include "tests/store/vfs/fault_vfs.h"

namespace moonstone::files {
namespace {

namespace fs = std::filesystem;

constexpr std::int64_t kYearsMs = std::int64_t{20} * 365 * 24 * 3600 * 1000;
constexpr std::string_view kKey = "0123abcd-0000-4000-8000-0123456789ab";

ErrorCode code_of(const Result<std::string>& outcome) {
  EXPECT_FALSE(outcome) << "expected an error, got " << outcome.value_or("");
  return outcome ? ErrorCode::Internal : outcome.error().code();
}

using FileServiceTest = FilesTest;

TEST_F(FileServiceTest, AStoredFileHasARowAndBytes) {
  open_service();
  const std::string bytes(300'000, 'x');
  const std::string id = store(bytes, "image/png").value();
  ASSERT_TRUE(id.starts_with("_storage/"));
  const auto record = find(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->storage_id, id);
  EXPECT_EQ(record->content_type, "image/png");
  EXPECT_EQ(record->size, bytes.size());
  EXPECT_EQ(record->sha256, to_hex(sha256(bytes)));
  EXPECT_EQ(read(*record).value(), bytes);
  EXPECT_EQ(read(*record, ByteRange{.from = 299'998, .count = 2}).value(), "xx");
}

TEST_F(FileServiceTest, AnEmptyFileIsAFile) {
  open_service();
  const std::string id = store("", "").value();
  const auto record = find(id);
  ASSERT_TRUE(record);
  EXPECT_EQ(record->content_type, "application/octet-stream");
  EXPECT_EQ(record->sha256, to_hex(sha256("")));
  EXPECT_EQ(read(*record).value(), "");
}

TEST_F(FileServiceTest, UnknownIdsAreNoFiles) {
  open_service();
  for (const std::string id : {"", "x", "_storage/", "_storage/../secret", "users:1",
                               "_storage/0123abcd-0000-4000-8000-0123456789ab"}) {
    EXPECT_FALSE(find(id)) << id;
    EXPECT_TRUE(remove(id)) << id;
  }
}

// --- tokens --------------------------------------------------------------------------------

TEST_F(FileServiceTest, ATokenIsGoodForOneUpload) {
  open_service();
  const std::string once = token().value();
  EXPECT_TRUE(upload(once, stream_of("a")));
  const auto again = upload(once, stream_of("b"));
  EXPECT_EQ(code_of(again), ErrorCode::PermissionDenied);
  EXPECT_EQ(again.error().message(), "Invalid or expired token");
  EXPECT_EQ(objects().size(), 1U);
}

TEST_F(FileServiceTest, AFailedUploadUsesItsTokenUp) {
  open_service();
  const std::string once = token().value();
  const auto stream = std::make_shared<FedStream>();
  stream->feed("half");
  stream->feed(Error(ErrorCode::Cancelled, "gone"));
  EXPECT_EQ(code_of(upload(once, stream)), ErrorCode::Cancelled);
  EXPECT_EQ(code_of(upload(once, stream_of("b"))), ErrorCode::PermissionDenied);
}

TEST_F(FileServiceTest, ATokenLastsSixtySeconds) {
  open_service();
  const std::string late = token().value();
  const std::string timely = token().value();
  clock_.advance(std::chrono::milliseconds(59'999));
  EXPECT_TRUE(upload(timely, stream_of("a")));
  clock_.advance(std::chrono::milliseconds(1));
  EXPECT_EQ(code_of(upload(late, stream_of("a"))), ErrorCode::PermissionDenied);
}

TEST_F(FileServiceTest, ATokenOfARolledBackMutationIsNone) {
  open_service();
  std::string made;
  EXPECT_FALSE(mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY(made, make_upload_token(transaction, system_random()));
    return Error(ErrorCode::Internal, "thrown by the user");
  }));
  ASSERT_EQ(made.size(), 36U);
  EXPECT_EQ(code_of(upload(made, stream_of("a"))), ErrorCode::PermissionDenied);
}

TEST_F(FileServiceTest, ATokenSurvivesARestart) {
  open_service();
  const std::string kept = token().value();
  close();
  open_database();
  open_service();
  EXPECT_TRUE(upload(kept, stream_of("a")));
}

TEST_F(FileServiceTest, ExpiredTokensDoNotPileUp) {
  open_service();
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(token());
  clock_.advance(std::chrono::seconds(61));
  for (int i = 0; i < 20; ++i)
    EXPECT_TRUE(token());
  std::uint64_t rows = 0;
  auto session = database_->new_reader().value();
  ASSERT_TRUE(session->begin());
  engine::DocumentReader reader(session->source(), {});
  query::Query all;
  all.table = kUploadTable;
  rows = reader.count(*reader.system_table(kUploadTable).value(), all).value();
  session->end();
  EXPECT_EQ(rows, 20U);
}

TEST_F(FileServiceTest, TheRowOfATokenDoesNotHoldIt) {
  open_service();
  const std::string secret = token().value();
  const auto entries = database_->read_log(0, 100).value();
  ASSERT_FALSE(entries.empty());
  for (const auto& entry : entries) {
    EXPECT_EQ(to_json(entry.new_fields).find(secret), std::string::npos);
  }
}

TEST_F(FileServiceTest, NothingIsReadUnderABadToken) {
  open_service();
  class Untouched final : public ByteStream {
   public:
    void read(Done done) override {
      ADD_FAILURE() << "the body was read";
      done(std::string());
    }
  };
  EXPECT_EQ(code_of(upload("nonsense", std::make_shared<Untouched>())),
            ErrorCode::PermissionDenied);
  EXPECT_EQ(code_of(upload("", std::make_shared<Untouched>())), ErrorCode::PermissionDenied);
}

// --- limits --------------------------------------------------------------------------------

TEST_F(FileServiceTest, TooLargeIsRefusedBeforeOrDuring) {
  open_service({.upload_bytes_max = 10});
  EXPECT_TRUE(store(std::string(10, 'x')));
  const auto streamed = store(std::string(11, 'x'));
  EXPECT_EQ(code_of(streamed), ErrorCode::LimitExceeded);
  EXPECT_EQ(streamed.error().reason(), "upload_bytes");
  EXPECT_NE(streamed.error().message().find("files.upload_bytes_max"), std::string::npos);
  // An announced size is refused without using the token up.
  const std::string kept = token().value();
  Answer<std::string> answer;
  service_->upload(kept, {.type = "", .bytes = stream_of("x"), .announced_bytes = 11},
                   answer.take());
  EXPECT_EQ(code_of(answer.get()), ErrorCode::LimitExceeded);
  EXPECT_TRUE(upload(kept, stream_of("x")));
  EXPECT_EQ(objects().size(), 2U);
  EXPECT_EQ(unfinished(), 0U);
}

TEST_F(FileServiceTest, UploadsAtOnceAreLimited) {
  open_service({.uploads_max = 1});
  const std::string first_token = token().value();
  const std::string second_token = token().value();
  const auto slow = std::make_shared<FedStream>();
  Answer<std::string> first;
  service_->upload(first_token, {.type = "", .bytes = slow}, first.take());
  ASSERT_TRUE(slow->wait_until_asked());
  const auto refused = upload(second_token, stream_of("x"));
  EXPECT_EQ(code_of(refused), ErrorCode::Unavailable);
  EXPECT_EQ(refused.error().reason(), "uploads_busy");
  slow->feed("abc");
  slow->feed("");
  EXPECT_TRUE(first.get());
  EXPECT_TRUE(upload(second_token, stream_of("x")));  // the refusal did not use it up
}

TEST_F(FileServiceTest, ContentTypesAreChecked) {
  open_service();
  for (const std::string& type : {std::string("a\r\nSet-Cookie: x"), std::string("t\xC3\xA9xt"),
                                  std::string(256, 'x'), std::string("a\0b", 3)}) {
    EXPECT_EQ(code_of(store("x", type)), ErrorCode::InvalidArgument);
  }
  EXPECT_TRUE(store("x", "text/plain; charset=utf-8"));
}

// --- a file exists if and only if its row was committed ----------------------------------------

TEST_F(FileServiceTest, NothingIsVisibleWhileAnUploadRuns) {
  open_service();
  const auto slow = std::make_shared<FedStream>();
  Answer<std::string> answer;
  service_->store({.type = "", .bytes = slow}, std::nullopt, answer.take());
  slow->feed("half");
  ASSERT_TRUE(slow->wait_until_asked());
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(unfinished(), 1U);
  slow->feed(Error(ErrorCode::Cancelled, "gone"));
  EXPECT_EQ(code_of(answer.get()), ErrorCode::Cancelled);
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_TRUE(objects().empty());
}

TEST_F(FileServiceTest, BytesWhoseRowIsRefusedGo) {
  open_service();
  const auto slow = std::make_shared<FedStream>();
  Answer<std::string> answer;
  service_->store({.type = "", .bytes = slow}, std::nullopt, answer.take());
  ASSERT_TRUE(slow->wait_until_asked());
  database_->shut_down();
  slow->feed("all");
  slow->feed("");
  EXPECT_EQ(code_of(answer.get()), ErrorCode::Unavailable);
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(unfinished(), 0U);
}

TEST_F(FileServiceTest, AnUploadUnderWayWhenTheServiceGoesIsCancelled) {
  open_service();
  const auto slow = std::make_shared<FedStream>();
  Answer<std::string> answer;
  service_->store({.type = "", .bytes = slow}, std::nullopt, answer.take());
  ASSERT_TRUE(slow->wait_until_asked());
  close();
  slow->feed("all");
  slow->feed("");
  EXPECT_EQ(code_of(answer.get()), ErrorCode::Cancelled);
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(unfinished(), 0U);
}

TEST_F(FileServiceTest, AfterACrashBetweenBytesAndRowTheBytesAreSwept) {
  open_service();
  const std::string kept = store("kept").value();
  close();
  {  // what a crash leaves: one upload under way, one whose row was not committed
    auto local = open_local_file_store(root()).value();
    auto writer = local->create(kKey).value();
    ASSERT_TRUE(writer->append("lost"));
    ASSERT_TRUE(writer->finish());
    std::ofstream(root() + "/incoming/ffff0000-0000-4000-8000-0123456789ab") << "half";
  }
  clock_.advance(std::chrono::hours(48));  // so that they count as old
  ASSERT_EQ(objects().size(), 2U);
  fs::remove(root() + "/swept");
  open_database();
  open_service();
  ASSERT_TRUE(log_.wait_for("orphans_removed"));
  EXPECT_EQ(objects().size(), 1U);
  EXPECT_EQ(unfinished(), 0U);
  EXPECT_EQ(read(*find(kept)).value(), "kept");
}

TEST_F(FileServiceTest, SweepsSpareTheYoungTheNamedAndTheBusy) {
  open_service();
  ASSERT_TRUE(store("named"));
  auto writer = store_->create(kKey).value();
  ASSERT_TRUE(writer->append("orphan"));
  ASSERT_TRUE(writer->finish());
  EXPECT_EQ(service_->sweep(kYearsMs).value(), 0U);  // both are younger than that
  EXPECT_EQ(objects().size(), 2U);
  EXPECT_EQ(service_->sweep(0).value(), 1U);
  EXPECT_EQ(objects().size(), 1U);
}

TEST_F(FileServiceTest, ASweepSparesAnUploadWhoseRowIsStillToCome) {
  // The finished object waits for its row while the sweep runs: the writer's thread is held.
  open_service();
  std::promise<void> is_held;
  std::promise<void> release;
  std::atomic<bool> was_held = false;  // a body that took long runs again
  const auto released = release.get_future().share();
  engine::MutationCall blocker;
  blocker.function = "test:block";
  blocker.body = [&](engine::Transaction&) -> Result<std::optional<std::string>> {
    if (!was_held.exchange(true)) is_held.set_value();
    released.wait();
    return std::nullopt;
  };
  blocker.done = [](const Result<engine::MutationOutcome>&) {};
  database_->submit(std::move(blocker));
  is_held.get_future().wait();
  Answer<std::string> answer;
  service_->store({.type = "", .bytes = stream_of("kept")}, std::nullopt, answer.take());
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  while (objects().empty() && std::chrono::steady_clock::now() < deadline)
    std::this_thread::yield();
  EXPECT_EQ(service_->sweep(0).value(), 0U);
  release.set_value();
  const auto id = answer.get();
  ASSERT_TRUE(id);
  EXPECT_EQ(read(*find(*id)).value(), "kept");
}

TEST_F(FileServiceTest, BytesGoAfterTheCommitOfTheDeletion) {
  open_service();
  const std::string id = store("bytes").value();
  EXPECT_TRUE(mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY_STATUS(erase_record(transaction, id));
    MS_TRY(const auto gone, find_record(transaction, id));
    EXPECT_FALSE(gone) << "a mutation reads its own deletion";
    EXPECT_EQ(objects().size(), 1U) << "the bytes went before the commit";
    return std::nullopt;
  }));
  EXPECT_FALSE(find(id));
  settle();
  EXPECT_TRUE(objects().empty());
}

TEST_F(FileServiceTest, ARolledBackDeletionKeepsTheFile) {
  open_service();
  const std::string id = store("bytes").value();
  EXPECT_FALSE(mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY_STATUS(erase_record(transaction, id));
    return Error(ErrorCode::Internal, "thrown by the user");
  }));
  settle();
  ASSERT_TRUE(find(id));
  EXPECT_EQ(read(*find(id)).value(), "bytes");
}

TEST_F(FileServiceTest, ADeletionThatIsUndoneInsideTheMutationKeepsTheFile) {
  open_service();
  const std::string id = store("bytes").value();
  EXPECT_TRUE(mutate([&](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY(const store::Mark mark, transaction.mark());
    MS_TRY_STATUS(erase_record(transaction, id));
    MS_TRY_STATUS(transaction.rollback_to(mark));
    MS_TRY_STATUS(transaction.release(mark));
    return std::nullopt;
  }));
  settle();
  EXPECT_EQ(read(*find(id)).value(), "bytes");
}

/// Fails where the test says.
// --- a database that cannot say what it did ------------------------------------------------

class DoubtfulCommitTest : public FilesTest {
 protected:
  void SetUp() override { open_database(vfs_.name()); }

  test::FaultVfs vfs_;  // goes after the database, which TearDown closes
};

TEST_F(DoubtfulCommitTest, BytesStayUntilTheDiskSaysWhetherTheirRowIsThere) {
  open_service();
  const std::string id = std::string(kStorageIdPrefix) + std::string(kKey);
  vfs_.arm({.operation = test::Fault::Operation::Sync, .duration = test::Fault::Duration::Lasting});
  Answer<std::string> answer;
  service_->store({.type = "text/plain", .bytes = stream_of("bytes")}, id, answer.take());
  const Result<std::string> stored = answer.get();
  ASSERT_FALSE(stored);
  ASSERT_EQ(stored.error().reason(), "outcome_unknown");
  vfs_.disarm();
  while (database_->failure())
    std::this_thread::yield();
  const auto record = find(id);
  ASSERT_TRUE(record) << "what was written before the sync is there";
  EXPECT_EQ(read(*record).value_or("gone"), "bytes");
}

class FaultyStore final : public FileStore {
 public:
  enum class Fault : unsigned char { None, Create, Append, Finish, Erase, List };

  FaultyStore(std::unique_ptr<FileStore> real, Fault fault)
      : real_(std::move(real)), fault_(fault) {}

  Result<std::unique_ptr<FileWriter>> create(std::string_view key) override {
    if (fault_ == Fault::Create) return failure();
    MS_TRY(auto writer, real_->create(key));
    return std::unique_ptr<FileWriter>(std::make_unique<Writer>(std::move(writer), fault_));
  }
  Result<std::unique_ptr<FileReader>> open(std::string_view key, ByteRange range) override {
    return real_->open(key, range);
  }
  Status erase(std::string_view key) override {
    return fault_ == Fault::Erase ? Status(failure()) : real_->erase(key);
  }
  Status list(const Visit& visit) override {
    return fault_ == Fault::List ? Status(failure()) : real_->list(visit);
  }
  Status discard_unfinished(std::int64_t before) override {
    return real_->discard_unfinished(before);
  }

 private:
  static Error failure() { return {ErrorCode::Unavailable, "no space left", "disk_full"}; }

  class Writer final : public FileWriter {
   public:
    Writer(std::unique_ptr<FileWriter> real, Fault fault) : real_(std::move(real)), fault_(fault) {}
    Status append(std::string_view bytes) override {
      return fault_ == Fault::Append ? Status(failure()) : real_->append(bytes);
    }
    Status finish() override {
      return fault_ == Fault::Finish ? Status(failure()) : real_->finish();
    }

   private:
    std::unique_ptr<FileWriter> real_;
    Fault fault_;
  };

  std::unique_ptr<FileStore> real_;
  Fault fault_;
};

class FileFaultTest : public FilesTest, public ::testing::WithParamInterface<FaultyStore::Fault> {};

TEST_P(FileFaultTest, AFailingStoreLeavesNeitherRowNorBytes) {
  open_service({}, [](std::unique_ptr<FileStore> real) -> std::unique_ptr<FileStore> {
    return std::make_unique<FaultyStore>(std::move(real), GetParam());
  });
  const auto refused = upload(token().value(), stream_of("bytes"));
  EXPECT_EQ(code_of(refused), ErrorCode::Unavailable);
  EXPECT_EQ(refused.error().reason(), "disk_full");
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(unfinished(), 0U);
  auto session = database_->new_reader().value();
  ASSERT_TRUE(session->begin());
  engine::DocumentReader reader(session->source(), {});
  EXPECT_TRUE(read_records(reader, "", 10).value().empty());
  session->end();
}

INSTANTIATE_TEST_SUITE_P(Faults,
                         FileFaultTest,
                         ::testing::Values(FaultyStore::Fault::Create,
                                           FaultyStore::Fault::Append,
                                           FaultyStore::Fault::Finish));

TEST_F(FileServiceTest, BytesThatCannotBeDeletedNowAreSweptLater) {
  open_service({}, [](std::unique_ptr<FileStore> real) -> std::unique_ptr<FileStore> {
    return std::make_unique<FaultyStore>(std::move(real), FaultyStore::Fault::Erase);
  });
  const std::string id = store("bytes").value();
  ASSERT_TRUE(remove(id));
  ASSERT_TRUE(log_.wait_for("delete_failed"));
  EXPECT_FALSE(find(id));
  EXPECT_EQ(objects().size(), 1U);
  close();
  open_database();
  open_service();
  EXPECT_EQ(service_->sweep(0).value(), 1U);
}

// --- reset, imports, checks ---------------------------------------------------------------------

TEST_F(FileServiceTest, AResetTakesFilesTokensAndUploadsUnderWay) {
  open_service();
  const std::string id = store("bytes").value();
  const std::string unused = token().value();
  const auto slow = std::make_shared<FedStream>();
  Answer<std::string> answer;
  service_->store({.type = "", .bytes = slow}, std::nullopt, answer.take());
  ASSERT_TRUE(slow->wait_until_asked());
  ASSERT_TRUE(database_->reset());
  service_->clear();
  EXPECT_FALSE(find(id));
  EXPECT_TRUE(objects().empty());
  EXPECT_EQ(code_of(upload(unused, stream_of("x"))), ErrorCode::PermissionDenied);
  slow->feed("late");
  slow->feed("");
  EXPECT_EQ(code_of(answer.get()), ErrorCode::Cancelled);
  EXPECT_TRUE(objects().empty());
  EXPECT_TRUE(store("after"));
}

TEST_F(FileServiceTest, AnImportKeepsTheId) {
  open_service();
  const std::string id = "_storage/" + std::string(kKey);
  const auto import = [&](std::string bytes, const std::string& as) {
    Answer<std::string> answer;
    service_->store({.type = "a/b", .bytes = stream_of(std::move(bytes))}, as, answer.take());
    return answer.get();
  };
  EXPECT_EQ(import("one", id).value(), id);
  EXPECT_EQ(code_of(import("two", id)), ErrorCode::AlreadyExists);
  EXPECT_EQ(read(*find(id)).value(), "one");
  EXPECT_EQ(code_of(import("x", "_storage/../x")), ErrorCode::InvalidArgument);
  ASSERT_TRUE(remove(id));
  settle();
  EXPECT_EQ(import("three", id).value(), id);
  EXPECT_EQ(read(*find(id)).value(), "three");
}

TEST_F(FileServiceTest, AMissingObjectIsAnErrorThatSaysHowToFindOthers) {
  open_service();
  const auto record = find(store("bytes").value());
  ASSERT_TRUE(store_->erase(key_of_storage_id(record->storage_id)));
  const auto refused = read(*record);
  EXPECT_EQ(code_of(refused), ErrorCode::Corruption);
  EXPECT_NE(refused.error().message().find("moonstone doctor"), std::string::npos);
  EXPECT_TRUE(log_.wait_for("bytes_missing"));
}

TEST_F(FileServiceTest, AFileThatIsDeletedBeforeItIsOpenedIsNotMissing) {
  open_service();
  const auto record = find(store("bytes").value());
  ASSERT_TRUE(remove(record->storage_id));
  settle();
  EXPECT_EQ(code_of(read(*record)), ErrorCode::NotFound);
  EXPECT_FALSE(log_.has("bytes_missing")) << "nobody has to look for them";
}

TEST_F(FileServiceTest, TheCheckFindsWhatIsWrong) {
  open_service();
  const std::string whole = store("whole").value();
  const std::string lost = store("lost").value();
  const std::string cut = store("cut off").value();
  ASSERT_TRUE(store(""));
  EXPECT_TRUE(check_files(*database_, *store_).value().without_bytes.empty());
  const auto path_of = [&](const std::string& id) {
    const std::string key(key_of_storage_id(id));
    return root() + "/" + key.substr(0, 2) + "/" + key.substr(2, 2) + "/" + key;
  };
  fs::remove(path_of(lost));
  fs::resize_file(path_of(cut), 3);
  auto writer = store_->create(kKey).value();
  ASSERT_TRUE(writer->append("orphan"));
  ASSERT_TRUE(writer->finish());
  FileCheck check = check_files(*database_, *store_).value();
  EXPECT_EQ(check.files, 4U);
  EXPECT_EQ(check.orphans, 1U);
  EXPECT_EQ(check.orphan_bytes, 6U);
  std::vector<std::string> expected = {lost, cut};
  std::ranges::sort(expected);
  std::ranges::sort(check.without_bytes);
  EXPECT_EQ(check.without_bytes, expected);
}

TEST_F(FileServiceTest, RecordsCanBePagedThrough) {
  open_service();
  std::vector<std::string> stored;
  for (int i = 0; i < 5; ++i)
    stored.push_back(store(std::to_string(i)).value());
  std::ranges::sort(stored);
  auto session = database_->new_reader().value();
  ASSERT_TRUE(session->begin());
  engine::DocumentReader reader(session->source(), {});
  std::vector<std::string> seen;
  for (std::string after;;) {
    const auto page = read_records(reader, after, 2).value();
    for (const FileRecord& record : page)
      seen.push_back(record.storage_id);
    if (page.size() < 2) break;
    after = page.back().storage_id;
  }
  session->end();
  EXPECT_EQ(seen, stored);
}

TEST_F(FileServiceTest, ManyUploadsAtOnce) {
  open_service();
  std::vector<Answer<std::string>> answers(40);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    service_->store({.type = "", .bytes = stream_of(std::string(100'000 + i, 'x'))}, std::nullopt,
                    answers[i].take());
  }
  for (std::size_t i = 0; i < answers.size(); ++i) {
    const auto id = answers[i].get();
    ASSERT_TRUE(id) << id.error().message();
    EXPECT_EQ(find(*id)->size, 100'000 + i);
  }
}

}  // namespace
}  // namespace moonstone::files
