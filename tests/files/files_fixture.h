// Moonstone. Licence: see LICENSE.
#pragma once
// A tenant's files in a temporary folder: database with the tables of this module, threads, store.

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <filesystem>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/json.h"
#include "files/file_service.h"
#include "files/local_file_store.h"
#include "tests/engine/database_fixture.h"

namespace moonstone::files {

inline constexpr std::chrono::seconds kPatience{30};

/// Waits for the one answer of an asynchronous call.
template <class T>
class Answer {
 public:
  auto take() {
    return [promise = promise_](Result<T> outcome) { promise->set_value(std::move(outcome)); };
  }
  Result<T> get() {
    auto future = promise_->get_future();
    if (future.wait_for(kPatience) != std::future_status::ready) {
      return Error(ErrorCode::DeadlineExceeded, "no answer came");
    }
    return future.get();
  }

 private:
  std::shared_ptr<std::promise<Result<T>>> promise_ = std::make_shared<std::promise<Result<T>>>();
};

/// A stream that gives what the test feeds it, when the test feeds it.
class FedStream final : public ByteStream {
 public:
  void read(Done done) override {
    std::unique_lock held(mutex_);
    if (pieces_.empty()) {
      waiting_ = std::move(done);
      asked_.notify_all();
      return;
    }
    Result<std::string> piece = std::move(pieces_.front());
    pieces_.erase(pieces_.begin());
    held.unlock();
    done(std::move(piece));
  }
  void feed(Result<std::string> piece) {
    std::unique_lock held(mutex_);
    if (!waiting_) return pieces_.push_back(std::move(piece));
    Done done = std::exchange(waiting_, nullptr);
    held.unlock();
    done(std::move(piece));
  }
  /// Waits until everything fed has been taken and more is asked for.
  bool wait_until_asked() {
    std::unique_lock held(mutex_);
    return asked_.wait_for(held, kPatience, [&] { return static_cast<bool>(waiting_); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable asked_;
  std::vector<Result<std::string>> pieces_;
  Done waiting_;
};

/// A logger that keeps the names of events, and lets a test wait for one.
class EventLog final : public Logger {
 public:
  void log(LogLevel,
           std::string_view,
           std::string_view event,
           std::initializer_list<Member>) override {
    const std::lock_guard held(mutex_);
    events_.emplace_back(event);
    changed_.notify_all();
  }
  bool has(const std::string& event) {
    const std::lock_guard held(mutex_);
    return std::ranges::find(events_, event) != events_.end();
  }
  bool wait_for(const std::string& event) {
    std::unique_lock held(mutex_);
    return changed_.wait_for(held, kPatience,
                             [&] { return std::ranges::find(events_, event) != events_.end(); });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> events_;
};

/// Ahead of the times of files that are made now, but not by so much that a sweep takes them for
/// left behind.
inline std::int64_t start_unix_ms() {
  return system_clock().unix_ms() + 60'000;
}

class FilesTest : public ::testing::Test {
 protected:
  void SetUp() override { open_database(); }

  void TearDown() override { close(); }

  void open_database(const std::string& vfs = {}) {
    engine::DatabaseOptions options;
    options.store.path = folder_.file("data.db");
    options.store.vfs = vfs;
    options.clock = &clock_;
    auto opened = engine::Database::open(std::move(options));
    ASSERT_TRUE(opened) << opened.error().message();
    database_ = *std::move(opened);
    schema::Schema schema = engine::parse_test_schema();
    for (schema::Table& table : tables())
      schema.tables.push_back(std::move(table));
    auto applied = database_->apply_schema(std::move(schema), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
  }

  [[nodiscard]] std::string root() const { return folder_.file("files"); }

  /// `wrap` may put a store with faults around the real one.
  using Wrap = std::function<std::unique_ptr<FileStore>(std::unique_ptr<FileStore>)>;
  void open_service(FileLimits limits = {}, const Wrap& wrap = {}, LinkOptions links = {}) {
    auto store = open_local_file_store(root());
    ASSERT_TRUE(store) << store.error().message();
    if (wrap) *store = wrap(*std::move(store));
    store_ = store->get();
    auto service = FileService::open(*database_, {.store = *std::move(store),
                                                  .threads = &threads_,
                                                  .state_folder = root(),
                                                  .links = links,
                                                  .limits = limits,
                                                  .clock = &clock_,
                                                  .logger = &log_});
    ASSERT_TRUE(service) << service.error().message();
    service_ = *std::move(service);
  }

  void close() {
    if (database_ != nullptr) database_->shut_down();
    service_.reset();
    database_.reset();
  }

  Result<std::string> token() {
    Answer<std::string> answer;
    engine::Session session;
    session.base_url = "http://h";
    service_->generate_upload_url(std::move(session), answer.take());
    MS_TRY(const std::string url, answer.get());
    return url.substr(url.find("token=") + 6);
  }

  Result<std::string> store(std::string bytes, std::string type = "text/plain") {
    Answer<std::string> answer;
    service_->store({.type = std::move(type), .bytes = stream_of(std::move(bytes))}, std::nullopt,
                    answer.take());
    return answer.get();
  }

  Result<std::string> upload(std::string upload_token,
                             ByteStreamPtr bytes,
                             std::string type = "text/plain") {
    Answer<std::string> answer;
    service_->upload(std::move(upload_token), {.type = std::move(type), .bytes = std::move(bytes)},
                     answer.take());
    return answer.get();
  }

  std::optional<FileRecord> find(const std::string& storage_id) {
    Answer<std::optional<FileRecord>> answer;
    service_->find(storage_id, answer.take());
    auto found = answer.get();
    EXPECT_TRUE(found) << found.error().message();
    return found ? *found : std::nullopt;
  }

  Result<std::string> read(const FileRecord& record, std::optional<ByteRange> range = {}) {
    Answer<ByteStreamPtr> opened;
    service_->open(record, range.value_or(ByteRange{.from = 0, .count = record.size}),
                   opened.take());
    MS_TRY(const ByteStreamPtr stream, opened.get());
    Answer<std::string> whole;
    read_all(stream, std::size_t{1} << 30, whole.take());
    return whole.get();
  }

  Status remove(const std::string& storage_id) {
    Answer<void> answer;
    service_->remove({}, storage_id, answer.take());
    return answer.get();
  }

  /// Keys of all finished objects.
  std::vector<std::string> objects() {
    std::vector<std::string> keys;
    auto local = open_local_file_store(root());
    EXPECT_TRUE(local.value()->list([&](const StoredObject& object) -> Status {
      keys.push_back(object.key);
      return {};
    }));
    return keys;
  }
  [[nodiscard]] std::size_t unfinished() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(root() + "/incoming"))
      ++count;
    return count;
  }
  /// Returns when the upkeep thread has done all that was asked of it so far.
  void settle() {
    Answer<void> done;
    threads_.maintenance().post([take = done.take()]() mutable { take({}); });
    EXPECT_TRUE(done.get());
  }

  Status mutate(engine::MutationBody body) {
    engine::MutationCall call;
    call.function = "test:mutate";
    call.body = std::move(body);
    MS_TRY_STATUS(database_->run(std::move(call)));
    return {};
  }

  engine::TemporaryFolder folder_;
  ManualClock clock_{start_unix_ms()};
  EventLog log_;
  IoThreads threads_;
  std::unique_ptr<engine::Database> database_;
  FileStore* store_ = nullptr;
  std::unique_ptr<FileService> service_;
};

}  // namespace moonstone::files
