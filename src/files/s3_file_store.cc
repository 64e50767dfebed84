// Moonstone. Licence: see LICENSE.
#include "files/s3_file_store.h"

#include <algorithm>
#include <functional>
#include <set>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/byte_stream.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/guarded.h"
#include "base/mutex.h"
#include "files/internal/http_client.h"
#include "files/internal/s3_signature.h"
#include "files/internal/s3_xml.h"

namespace moonstone::files {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

/// Of answers that are no object: lists of 1,000 entries take less than half of it.
constexpr std::size_t kDocumentBytesMax = std::size_t{4} * 1024 * 1024;

bool is_worth_another_try(int status) {
  return status == 429 || status == 500 || status == 502 || status == 503 || status == 504;
}

/// Talks to one bucket; shared by the store and its writers and readers.
class Bucket {
 public:
  explicit Bucket(S3Options options)
      : options_(std::move(options)),
        clock_(options_.clock == nullptr ? system_clock() : *options_.clock),
        credentials_{options_.access_key, options_.secret_key, options_.session_token},
        http_(make_curl_client()) {
    const std::size_t scheme = options_.endpoint.find("://") + 3;
    scheme_ = options_.endpoint.substr(0, scheme);
    host_ = options_.endpoint.substr(scheme);
    if (options_.style == BucketStyle::Host) host_ = options_.bucket + "." + host_;
  }

  struct Call {
    std::string method;
    std::string key = {};  // with the prefix; empty: the bucket itself
    Query query = {};
    std::string_view body = {};
    std::string range = {};  // "bytes=0-9"; empty: none
    std::size_t answer_bytes_max = kDocumentBytesMax;
  };

  /// Sends until there is an answer that will not change.
  Result<HttpAnswer> send(const Call& call) {
    std::chrono::milliseconds wait = options_.first_wait;
    for (int attempt = 1;; ++attempt) {
      auto answer = send_once(call);
      const bool is_final = answer ? !is_worth_another_try(answer->status)
                                   : answer.error().code() != ErrorCode::Unavailable;
      if (is_final || attempt >= options_.attempts) return answer;
      MS_TRY_STATUS(pause(wait));
      wait *= 2;
    }
  }

  /// What an answer that is no success means.
  [[nodiscard]] Error error_of(std::string_view what, const HttpAnswer& answer) const {
    std::string text = error_text_of(answer.body);
    return {ErrorCode::Unavailable,
            fmt::format("cannot {} in the bucket {}: {}{}{}", what, options_.bucket, answer.status,
                        text.empty() ? "" : " ", text),
            "file_store"};
  }

  /// The multipart uploads of this process: never leftovers, whatever the clocks say.
  Guarded<std::set<std::string, std::less<>>> active;

  [[nodiscard]] const S3Options& options() const { return options_; }
  [[nodiscard]] std::string object_key(std::string_view key) const {
    return options_.prefix + std::string(key);
  }

  void stop() {
    http_->stop();
    const MutexLock held(mutex_);
    is_stopped_ = true;
    stopped_.notify_all();
  }

 private:
  Result<HttpAnswer> send_once(const Call& call) {
    S3Request request{.method = call.method,
                      .host = host_,
                      .path = "/" + call.key,
                      .query = call.query,
                      .payload_sha256 = to_hex(sha256(call.body))};
    if (options_.style == BucketStyle::Path) {
      request.path = "/" + options_.bucket + (call.key.empty() ? "" : request.path);
    }
    HttpCall http{.method = call.method,
                  .url = scheme_ + host_ + target_of(request),
                  .headers = sign(request, credentials_, options_.region, clock_.unix_ms()),
                  .body = call.body,
                  .answer_bytes_max = call.answer_bytes_max};
    if (!call.range.empty()) http.headers.emplace_back("Range", call.range);
    return http_->send(http);
  }

  Status pause(std::chrono::milliseconds wait) {
    const auto until = std::chrono::steady_clock::now() + wait;
    const MutexLock held(mutex_);
    while (!is_stopped_ && std::chrono::steady_clock::now() < until) {
      stopped_.wait_until(mutex_, until);
    }
    if (is_stopped_) return Error(ErrorCode::Cancelled, "the file store is closing");
    return {};
  }

  const S3Options options_;
  Clock& clock_;
  const S3Credentials credentials_;
  const std::unique_ptr<HttpClient> http_;
  std::string scheme_;
  std::string host_;
  Mutex mutex_;
  Condition stopped_;
  bool is_stopped_ MS_GUARDED_BY(mutex_) = false;
};
/// Shared with writers and readers, which may outlive the store for a moment.
using BucketPtr = std::shared_ptr<Bucket>;

class S3Writer final : public FileWriter {
 public:
  S3Writer(BucketPtr bucket, std::string_view key)
      : bucket_(std::move(bucket)), key_(bucket_->object_key(key)) {}

  ~S3Writer() override {
    if (!upload_id_.empty()) {
      bucket_->send({.method = "DELETE", .key = key_, .query = {{"uploadId", upload_id_}}})
          .ignore("the next sweep aborts it");
    }
    bucket_->active.lock()->erase(key_);
  }

  Status append(std::string_view bytes) override {
    const std::size_t part_bytes = bucket_->options().part_bytes;
    while (!bytes.empty()) {
      // Only when more comes is it clear that the file is no small one.
      if (part_.size() == part_bytes) MS_TRY_STATUS(send_part());
      const std::size_t count = std::min(bytes.size(), part_bytes - part_.size());
      part_.append(bytes.substr(0, count));
      bytes.remove_prefix(count);
      size_ += count;
    }
    return {};
  }

  Status finish() override {
    if (upload_id_.empty()) return put_whole();
    if (!part_.empty()) MS_TRY_STATUS(send_part());
    return complete();
  }

 private:
  Status put_whole() {
    MS_TRY(const HttpAnswer answer, bucket_->send({.method = "PUT", .key = key_, .body = part_}));
    return answer.status == 200 ? ok() : bucket_->error_of("store a file", answer);
  }

  Status begin() {
    bucket_->active.lock()->insert(key_);
    MS_TRY(const HttpAnswer answer,
           bucket_->send({.method = "POST", .key = key_, .query = {{"uploads", ""}}}));
    if (answer.status != 200) return bucket_->error_of("begin an upload", answer);
    MS_TRY(upload_id_, parse_upload_id(answer.body));
    return {};
  }

  Status send_part() {
    if (upload_id_.empty()) MS_TRY_STATUS(begin());
    const std::string number = std::to_string(tags_.size() + 1);
    MS_TRY(HttpAnswer answer,
           bucket_->send({.method = "PUT",
                          .key = key_,
                          .query = {{"partNumber", number}, {"uploadId", upload_id_}},
                          .body = part_}));
    if (answer.status != 200) return bucket_->error_of("store part " + number, answer);
    tags_.push_back(std::move(answer.etag));
    part_.clear();
    return {};
  }

  Status complete() {
    std::string body = "<CompleteMultipartUpload>";
    for (std::size_t i = 0; i < tags_.size(); ++i) {
      body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", i + 1,
                          escape_xml(tags_[i]));
    }
    body += "</CompleteMultipartUpload>";
    MS_TRY(const HttpAnswer answer,
           bucket_->send(
               {.method = "POST", .key = key_, .query = {{"uploadId", upload_id_}}, .body = body}));
    // Joining the parts may fail after the head of the answer went out, then with status 200.
    const bool is_done = answer.status == 200 && error_text_of(answer.body).empty();
    // An attempt whose answer was lost may have done it; libcurl, too, sends again on its own.
    const bool was_done = answer.status == 404 && is_there();
    if (!is_done && !was_done) return bucket_->error_of("complete an upload", answer);
    upload_id_.clear();
    return {};
  }

  [[nodiscard]] bool is_there() {
    const auto answer = bucket_->send({.method = "HEAD", .key = key_});
    return answer && answer->status == 200 && answer->content_length == size_;
  }

  BucketPtr bucket_;
  const std::string key_;
  std::string part_;       // not sent yet
  std::string upload_id_;  // empty: no multipart upload is open
  std::vector<std::string> tags_;
  std::uint64_t size_ = 0;
};

class S3Reader final : public FileReader {
 public:
  S3Reader(BucketPtr bucket, std::string_view key, ByteRange range)
      : bucket_(std::move(bucket)), key_(bucket_->object_key(key)), range_(range) {}

  /// Errors: NotFound.
  Status fetch() {
    if (range_.count == 0) return check_presence();
    const std::uint64_t count =
        std::min<std::uint64_t>(range_.count, bucket_->options().window_bytes);
    MS_TRY(HttpAnswer answer,
           bucket_->send({.method = "GET",
                          .key = key_,
                          .range = fmt::format("bytes={}-{}", range_.from, range_.from + count - 1),
                          .answer_bytes_max = std::max<std::uint64_t>(count, kDocumentBytesMax)}));
    if (answer.status == 404 && !answer.body.contains("NoSuchBucket")) return not_found();
    // A bucket that ignores ranges answers 200 with everything: right only if that was asked for.
    const bool is_part = answer.status == 206 || (answer.status == 200 && range_.from == 0);
    if (is_part && answer.body.size() == count) {
      window_ = std::move(answer.body);
      at_ = 0;
      range_.from += count;
      range_.count -= count;
      return {};
    }
    if (is_part || answer.status == 416) {
      return Error(ErrorCode::Corruption, key_ + " is shorter than its record");
    }
    return bucket_->error_of("read " + key_, answer);
  }

  Result<std::string> read() override {
    if (at_ == window_.size() && range_.count > 0) MS_TRY_STATUS(fetch());
    const std::size_t count = std::min(kStreamPieceBytesMax, window_.size() - at_);
    std::string piece = window_.substr(at_, count);
    at_ += count;
    return piece;
  }

 private:
  [[nodiscard]] Error not_found() const {
    return {ErrorCode::NotFound, key_ + " is not in the bucket"};
  }

  Status check_presence() {
    MS_TRY(const HttpAnswer answer, bucket_->send({.method = "HEAD", .key = key_}));
    if (answer.status == 404) return not_found();
    return answer.status == 200 ? ok() : bucket_->error_of("read " + key_, answer);
  }

  BucketPtr bucket_;
  const std::string key_;
  ByteRange range_;  // what has not been fetched
  std::string window_;
  std::size_t at_ = 0;  // in the window
};

class S3FileStore final : public FileStore {
 public:
  explicit S3FileStore(S3Options options) : bucket_(std::make_shared<Bucket>(std::move(options))) {}

  Result<std::unique_ptr<FileWriter>> create(std::string_view key) override {
    return std::unique_ptr<FileWriter>(std::make_unique<S3Writer>(bucket_, key));
  }

  Result<std::unique_ptr<FileReader>> open(std::string_view key, ByteRange range) override {
    auto reader = std::make_unique<S3Reader>(bucket_, key, range);
    MS_TRY_STATUS(reader->fetch());
    return std::unique_ptr<FileReader>(std::move(reader));
  }

  Status erase(std::string_view key) override {
    MS_TRY(const HttpAnswer answer,
           bucket_->send({.method = "DELETE", .key = bucket_->object_key(key)}));
    const bool is_gone = answer.status == 204 || answer.status == 200 || answer.status == 404;
    return is_gone ? ok() : bucket_->error_of("delete a file", answer);
  }

  Status list(const Visit& visit) override {
    std::string next;
    do {
      Query query = {{"list-type", "2"}, {"prefix", bucket_->options().prefix}};
      if (!next.empty()) query.emplace_back("continuation-token", next);
      MS_TRY(const HttpAnswer answer, bucket_->send({.method = "GET", .query = query}));
      if (answer.status != 200) return bucket_->error_of("list files", answer);
      MS_TRY(ObjectPage page, parse_object_page(answer.body));
      for (ListedObject& object : page.objects) {
        const std::string_view key = key_of(object.key);
        if (key.empty()) continue;
        MS_TRY_STATUS(visit({.key = std::string(key),
                             .size = object.size,
                             .written_unix_ms = object.modified_unix_ms}));
      }
      next = std::move(page.next);
    } while (!next.empty());
    return {};
  }

  Status discard_unfinished(std::int64_t before_unix_ms) override {
    std::string next_key;
    std::string next_upload;
    do {
      Query query = {{"uploads", ""}, {"prefix", bucket_->options().prefix}};
      if (!next_key.empty()) query.emplace_back("key-marker", next_key);
      if (!next_upload.empty()) query.emplace_back("upload-id-marker", next_upload);
      MS_TRY(const HttpAnswer answer, bucket_->send({.method = "GET", .query = query}));
      if (answer.status != 200) return bucket_->error_of("list uploads", answer);
      MS_TRY(UploadPage page, parse_upload_page(answer.body));
      for (const ListedUpload& upload : page.uploads) {
        if (key_of(upload.key).empty() || upload.initiated_unix_ms >= before_unix_ms) continue;
        if (bucket_->active.lock()->contains(upload.key)) continue;
        MS_TRY(const HttpAnswer aborted,
               bucket_->send({.method = "DELETE",
                              .key = upload.key,
                              .query = {{"uploadId", upload.upload_id}}}));
        if (aborted.status != 204 && aborted.status != 404) {
          return bucket_->error_of("abort an upload", aborted);
        }
      }
      next_key = std::move(page.next_key);
      next_upload = std::move(page.next_upload_id);
    } while (!next_key.empty());
    return {};
  }

  void stop() override { bucket_->stop(); }

 private:
  /// The key of one of our objects; empty for any other, such as those of a longer prefix.
  [[nodiscard]] std::string_view key_of(std::string_view object_key) const {
    const std::string& prefix = bucket_->options().prefix;
    if (!object_key.starts_with(prefix)) return {};
    object_key.remove_prefix(prefix.size());
    return is_file_key(object_key) ? object_key : std::string_view();
  }

  const BucketPtr bucket_;
};

Error config_error(std::string message) {
  return {ErrorCode::InvalidArgument, std::move(message), "config"};
}

bool consists_of(std::string_view text, std::string_view others) {
  return std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           others.contains(c);
  });
}

Status check_options(const S3Options& options) {
  if (options.bucket.empty() || !consists_of(options.bucket, "-._")) {
    return config_error("files.s3_bucket must be the name of a bucket");
  }
  if (options.region.empty() || !consists_of(options.region, "-_")) {
    return config_error("files.s3_region must be a name such as \"eu-central-1\"");
  }
  if (!consists_of(options.prefix, "-._/!=")) {
    return config_error("files.s3_prefix may hold letters, digits and - . _ / ! =");
  }
  const std::size_t scheme = options.endpoint.find("://");
  const std::string_view name = std::string_view(options.endpoint).substr(0, scheme);
  if ((name != "https" && name != "http") ||
      !consists_of(std::string_view(options.endpoint).substr(scheme + 3), "-.:[]") ||
      options.endpoint.size() == scheme + 3) {
    return config_error(
        "files.s3_endpoint must be an address such as \"https://s3.example.com\", without a path");
  }
  if (options.access_key.empty() || options.secret_key.empty()) {
    return config_error(
        "the bucket needs the environment variables MOONSTONE_FILES_S3_ACCESS_KEY and "
        "MOONSTONE_FILES_S3_SECRET_KEY");
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<FileStore>> open_s3_file_store(S3Options options) {
  if (options.endpoint.empty())
    options.endpoint = "https://s3." + options.region + ".amazonaws.com";
  while (options.endpoint.ends_with('/'))
    options.endpoint.pop_back();
  if (!options.prefix.empty() && !options.prefix.ends_with('/')) options.prefix += '/';
  MS_TRY_STATUS(check_options(options));
  return std::unique_ptr<FileStore>(std::make_unique<S3FileStore>(std::move(options)));
}

}  // namespace moonstone::files
