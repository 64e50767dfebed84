// Moonstone. Licence: see LICENSE.
// Against tests/files/s3_server.mjs, which checks signatures by itself.
#include "files/s3_file_store.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/json.h"
#include "files/internal/http_client.h"

namespace moonstone::files {
namespace {

constexpr std::string_view kKey = "0123abcd-0000-4000-8000-0123456789ab";
constexpr std::string_view kOther = "ffff0000-0000-4000-8000-0123456789ab";
constexpr std::size_t kPart = std::size_t{5} * 1024 * 1024;

/// The server as a process; it ends when its standard input does.
class S3Process {
 public:
  S3Process() {
    int input[2];
    int output[2];
    EXPECT_EQ(::pipe2(input, O_CLOEXEC), 0);
    EXPECT_EQ(::pipe2(output, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(input[0], 0);
      ::dup2(output[1], 1);
      ::execlp("node", "node", MS_SOURCE_DIR "/tests/files/s3_server.mjs", nullptr);
      ::_exit(127);
    }
    ::close(input[0]);
    ::close(output[1]);
    input_ = input[1];
    std::FILE* const lines = ::fdopen(output[0], "r");
    EXPECT_EQ(std::fscanf(lines, "%d", &port_), 1) << "the S3 server did not start";
    std::fclose(lines);
  }
  ~S3Process() {
    ::close(input_);
    ::waitpid(pid_, nullptr, 0);
  }
  S3Process(const S3Process&) = delete;
  S3Process& operator=(const S3Process&) = delete;

  [[nodiscard]] std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

 private:
  ::pid_t pid_ = -1;
  int input_ = -1;
  int port_ = 0;
};

class S3FileStoreTest : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { process_ = new S3Process(); }
  static void TearDownTestSuite() {
    delete process_;
    process_ = nullptr;
  }

  void SetUp() override {
    store_ = open(options());
    ASSERT_NE(store_, nullptr);
    std::vector<std::string> keys;
    ASSERT_TRUE(store_->list([&](const StoredObject& object) -> Status {
      keys.push_back(object.key);
      return {};
    }));
    for (const std::string& key : keys)
      ASSERT_TRUE(store_->erase(key));
    control(R"({"faults":[],"pageSize":1000,"forget":true})");
  }

  static S3Options options() {
    return {.endpoint = process_->url(),
            .region = "eu-test-1",
            .bucket = "test-bucket",
            .prefix = "app/files",
            .access_key = "AKIATEST",
            .secret_key = "test/secret+key",
            .part_bytes = kPart,
            .window_bytes = 100'000,
            .first_wait = std::chrono::milliseconds(1)};
  }

  static std::unique_ptr<FileStore> open(S3Options given) {
    auto opened = open_s3_file_store(std::move(given));
    EXPECT_TRUE(opened) << opened.error().message();
    return opened ? *std::move(opened) : nullptr;
  }

  static Value control(const std::string& order = "{}") {
    const auto client = make_curl_client();
    const auto answer = client->send({.method = "POST",
                                      .url = process_->url() + "/_control",
                                      .headers = {},
                                      .body = order,
                                      .answer_bytes_max = 1'000'000});
    EXPECT_TRUE(answer) << answer.error().message();
    return parse_json(answer->body).value();
  }
  static std::size_t count(const std::string& list, const std::string& part) {
    const Value state = control();
    const Array& entries = state.as_object().find(list)->as_array();
    return static_cast<std::size_t>(std::ranges::count_if(entries, [&](const Value& entry) {
      return entry.as_text().find(part) != std::string::npos;
    }));
  }

  Status put(std::string_view key, std::string_view bytes) {
    MS_TRY(const auto writer, store_->create(key));
    // In pieces that do not fit the parts.
    for (std::size_t at = 0; at < bytes.size(); at += 65'000) {
      MS_TRY_STATUS(writer->append(bytes.substr(at, 65'000)));
    }
    return writer->finish();
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

  static std::string bytes_of(std::size_t size) {
    std::string bytes(size, '\0');
    for (std::size_t i = 0; i < size; ++i)
      bytes[i] = static_cast<char>(i * 31 + i / 256);
    return bytes;
  }

  static inline S3Process* process_ = nullptr;
  std::unique_ptr<FileStore> store_;
};

void expect_ok(const Status& status) {
  EXPECT_TRUE(status) << status.error().message();
}

TEST_F(S3FileStoreTest, ASmallFileIsOnePut) {
  const std::string bytes = bytes_of(250'000);
  expect_ok(put(kKey, bytes));
  EXPECT_EQ(count("seen", "PUT /test-bucket/app/files/" + std::string(kKey)), 1U);
  EXPECT_EQ(get(kKey, {.from = 0, .count = bytes.size()}).value(), bytes);
  EXPECT_EQ(get(kKey, {.from = 99'999, .count = 100'002}).value(), bytes.substr(99'999, 100'002));
  EXPECT_EQ(get(kKey, {.from = 249'999, .count = 1}).value(), bytes.substr(249'999));
}

TEST_F(S3FileStoreTest, EmptyFilesWork) {
  expect_ok(put(kKey, ""));
  EXPECT_EQ(get(kKey, {}).value(), "");
  EXPECT_EQ(get(kOther, {}).error().code(), ErrorCode::NotFound);
}

TEST_F(S3FileStoreTest, ALargeFileGoesInParts) {
  const std::string bytes = bytes_of(kPart * 2 + 77);
  expect_ok(put(kKey, bytes));
  EXPECT_EQ(count("seen", "partNumber="), 3U);
  EXPECT_EQ(count("uploads", ""), 0U);
  EXPECT_EQ(get(kKey, {.from = kPart - 5, .count = 10}).value(), bytes.substr(kPart - 5, 10));
  EXPECT_EQ(get(kKey, {.from = 0, .count = bytes.size()}).value(), bytes);
}

TEST_F(S3FileStoreTest, AFileOfExactlyOnePartIsOnePut) {
  expect_ok(put(kKey, bytes_of(kPart)));
  EXPECT_EQ(count("seen", "partNumber="), 0U);
  expect_ok(put(kOther, bytes_of(kPart * 2)));
  EXPECT_EQ(count("seen", "partNumber="), 2U);
}

TEST_F(S3FileStoreTest, AnAbandonedUploadIsAborted) {
  {
    auto writer = store_->create(kKey).value();
    ASSERT_TRUE(writer->append(bytes_of(kPart + 1)));
    EXPECT_EQ(count("uploads", std::string(kKey)), 1U);
  }
  EXPECT_EQ(count("uploads", ""), 0U);
  EXPECT_EQ(get(kKey, {.from = 0, .count = 1}).error().code(), ErrorCode::NotFound);
}

TEST_F(S3FileStoreTest, ErrorsOfTheBucketAreTriedAgain) {
  for (const char* status : {"500", "503", "\"drop\"", "429"}) {
    for (const char* method : {"PUT", "GET", "DELETE"}) {
      control(std::string(R"({"faults":[{"method":")") + method + R"(","times":3,"status":)" +
              status + "}]}");
      expect_ok(put(kKey, "abc"));
      EXPECT_EQ(get(kKey, {.from = 0, .count = 3}).value_or("failed"), "abc") << status << method;
      expect_ok(store_->erase(kKey));
      EXPECT_EQ(count("objects", ""), 0U);
    }
  }
}

TEST_F(S3FileStoreTest, PartsAreTriedAgain) {
  control(R"({"faults":[{"method":"PUT","url":"partNumber=2","times":2,"status":503},
                        {"method":"POST","url":"uploads=","times":1,"status":500}]})");
  const std::string bytes = bytes_of(kPart + 1000);
  expect_ok(put(kKey, bytes));
  EXPECT_EQ(get(kKey, {.from = 0, .count = bytes.size()}).value(), bytes);
}

TEST_F(S3FileStoreTest, ACompletionWhoseAnswerWasLostIsASuccess) {
  control(R"({"faults":[{"method":"POST","url":"uploadId=","times":1,"status":"late"}]})");
  const std::string bytes = bytes_of(kPart + 1000);
  expect_ok(put(kKey, bytes));
  EXPECT_EQ(get(kKey, {.from = kPart, .count = 1000}).value(), bytes.substr(kPart));
}

TEST_F(S3FileStoreTest, AttemptsEnd) {
  control(R"({"faults":[{"method":"PUT","times":99,"status":503}]})");
  const Status refused = put(kKey, "abc");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  EXPECT_NE(refused.error().message().find("InternalError: no & no"), std::string::npos)
      << refused.error().message();
  EXPECT_EQ(count("seen", "PUT"), 5U);
}

TEST_F(S3FileStoreTest, ARefusalIsFinal) {
  S3Options wrong = options();
  wrong.secret_key = "another";
  store_ = open(std::move(wrong));
  const Status refused = put(kKey, "abc");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("SignatureDoesNotMatch"), std::string::npos);
  EXPECT_EQ(count("seen", "PUT"), 1U);
}

TEST_F(S3FileStoreTest, AMissingBucketIsNoMissingFile) {
  S3Options wrong = options();
  wrong.bucket = "no-such-bucket";
  store_ = open(std::move(wrong));
  const auto refused = get(kKey, {.from = 0, .count = 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::Unavailable);
  EXPECT_NE(refused.error().message().find("NoSuchBucket"), std::string::npos);
}

TEST_F(S3FileStoreTest, AShortObjectIsNoticed) {
  expect_ok(put(kKey, "abc"));
  EXPECT_EQ(get(kKey, {.from = 0, .count = 4}).error().code(), ErrorCode::Corruption);
  EXPECT_EQ(get(kKey, {.from = 9, .count = 1}).error().code(), ErrorCode::Corruption);
}

TEST_F(S3FileStoreTest, ListsPageAndLeaveOthersOut) {
  control(R"({"pageSize":2})");
  control(R"({"put":"test-bucket/app/files/tenants/0123abcd-0000-4000-8000-0123456789ab"})");
  control(R"({"put":"test-bucket/elsewhere/0123abcd-0000-4000-8000-0123456789ab"})");
  control(R"({"put":"test-bucket/app/files/notes.txt"})");
  std::vector<std::string> expected;
  for (int i = 0; i < 5; ++i) {
    expected.push_back(std::to_string(i) + std::string(kKey).substr(1));
    expect_ok(put(expected.back(), std::string(static_cast<std::size_t>(i), 'x')));
  }
  std::vector<std::string> seen;
  const Status status = store_->list([&](const StoredObject& object) -> Status {
    EXPECT_EQ(object.size, seen.size());
    EXPECT_GT(object.written_unix_ms, 1'700'000'000'000);
    seen.push_back(object.key);
    return {};
  });
  expect_ok(status);
  EXPECT_EQ(seen, expected);
}

TEST_F(S3FileStoreTest, UploadsOfCrashedProcessesAreAbortedByAge) {
  auto writer = store_->create(kKey).value();
  ASSERT_TRUE(writer->append(bytes_of(kPart + 1)));
  const auto another = open(options());  // the process after the crash
  expect_ok(another->discard_unfinished(1000));
  EXPECT_EQ(count("uploads", ""), 1U);  // younger than that
  control(R"({"ageUploads":true})");
  expect_ok(store_->discard_unfinished(1000));
  EXPECT_EQ(count("uploads", ""), 1U);  // its own
  expect_ok(another->discard_unfinished(1000));
  EXPECT_EQ(count("uploads", ""), 0U);
}

TEST_F(S3FileStoreTest, StopEndsWaits) {
  S3Options slow = options();
  slow.first_wait = std::chrono::hours(1);
  store_ = open(std::move(slow));
  control(R"({"faults":[{"method":"PUT","times":99,"status":503}]})");
  std::jthread stopper([&] {
    while (count("seen", "PUT") == 0)
      std::this_thread::yield();
    store_->stop();
  });
  const Status ended = put(kKey, "abc");
  ASSERT_FALSE(ended);
  EXPECT_EQ(ended.error().code(), ErrorCode::Cancelled);
}

TEST_F(S3FileStoreTest, AnEndpointThatIsNotThereIsNamed) {
  S3Options nowhere = options();
  nowhere.endpoint = "http://127.0.0.1:1";
  nowhere.attempts = 1;
  store_ = open(std::move(nowhere));
  const Status refused = put(kKey, "abc");
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().message().find("http://127.0.0.1:1/"), std::string::npos);
}

TEST(S3Options, WrongOnesNameTheirKey) {
  const S3Options right{.endpoint = "https://s3.example.com",
                        .region = "eu-test-1",
                        .bucket = "b",
                        .prefix = "",
                        .access_key = "k",
                        .secret_key = "s"};
  EXPECT_TRUE(open_s3_file_store(right));
  const auto refused = [&](auto change, std::string_view name) {
    S3Options wrong = right;
    change(wrong);
    const auto outcome = open_s3_file_store(std::move(wrong));
    ASSERT_FALSE(outcome) << name;
    EXPECT_EQ(outcome.error().reason(), "config");
    EXPECT_NE(outcome.error().message().find(name), std::string::npos) << outcome.error().message();
  };
  refused([](S3Options& o) { o.bucket = ""; }, "files.s3_bucket");
  refused([](S3Options& o) { o.bucket = "a/b"; }, "files.s3_bucket");
  refused([](S3Options& o) { o.region = ""; }, "files.s3_region");
  refused([](S3Options& o) { o.prefix = "a b"; }, "files.s3_prefix");
  refused([](S3Options& o) { o.endpoint = "s3.example.com"; }, "files.s3_endpoint");
  refused([](S3Options& o) { o.endpoint = "file:///etc"; }, "files.s3_endpoint");
  refused([](S3Options& o) { o.endpoint = "https://a/b"; }, "files.s3_endpoint");
  refused([](S3Options& o) { o.secret_key = ""; }, "MOONSTONE_FILES_S3_SECRET_KEY");
}

}  // namespace
}  // namespace moonstone::files
