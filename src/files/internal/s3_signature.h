// Moonstone. Licence: see LICENSE.
#pragma once
// The address and the signature (AWS Signature Version 4) of a request to a bucket.
//
// Written here rather than left to libcurl: releases of libcurl differ in how they order and encode
// the query, and some refuse what buckets answer as a continuation token.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moonstone::files {

struct S3Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // of temporary credentials; empty: none
};

struct S3Request {
  std::string method;
  std::string host;  // with the port if it is not the usual one
  std::string path;  // decoded, begins with '/'
  std::vector<std::pair<std::string, std::string>> query;
  std::string payload_sha256;  // hex
};

/// The path and the query as they go into the URL, "?" included where there is a query.
[[nodiscard]] std::string target_of(const S3Request& request);

/// The headers that carry the signature.
[[nodiscard]] std::vector<std::pair<std::string, std::string>> sign(
    const S3Request& request,
    const S3Credentials& credentials,
    std::string_view region,
    std::int64_t unix_ms);

}  // namespace moonstone::files
