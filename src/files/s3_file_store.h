// Moonstone. Licence: see LICENSE.
#pragma once
// S3FileStore: files in a bucket that speaks S3, of whatever vendor.
//
// A file of up to part_bytes is one PUT; a larger one is uploaded in parts of that size, so that an
// upload takes no more memory than one part, and a failed part is sent again from there. Objects
// are read in windows, each a ranged GET, so that a slow reader holds no connection to the bucket.
// Answers 429 and 5xx and lost connections are tried again, with growing waits.
// Threads: see file_store.h.

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.h"
#include "files/file_store.h"

namespace moonstone::files {

/// How buckets are addressed: https://host/bucket/key, or https://bucket.host/key.
enum class BucketStyle : unsigned char { Path, Host };

struct S3Options {
  std::string endpoint;  // "https://s3.example.com"; empty: Amazon's of the region
  std::string region = "us-east-1";
  std::string bucket;
  std::string prefix;  // of all keys; "" or "app/files/"
  BucketStyle style = BucketStyle::Path;
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};  // of temporary credentials; empty: none
  /// S3 wants at least 5 MiB for every part but the last, and takes 10,000 parts.
  std::size_t part_bytes = std::size_t{8} * 1024 * 1024;
  std::size_t window_bytes = std::size_t{1} * 1024 * 1024;
  int attempts = 5;                           // of one request
  std::chrono::milliseconds first_wait{200};  // doubles with each attempt
  Clock* clock = nullptr;                     // null: the system's
};

/// Checks the options; does not talk to the bucket.
/// Errors: InvalidArgument (reason "config") naming the key and what is allowed.
[[nodiscard]] Result<std::unique_ptr<FileStore>> open_s3_file_store(S3Options options);

}  // namespace moonstone::files
