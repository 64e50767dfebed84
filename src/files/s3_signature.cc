// Moonstone. Licence: see LICENSE.
#include "files/internal/s3_signature.h"

#include <algorithm>
#include <chrono>

#include <fmt/format.h>

#include "base/digest.h"
#include "base/encoding.h"

namespace moonstone::files {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

bool is_unreserved(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' ||
         c == '.' || c == '_' || c == '~';
}

enum class Slash : unsigned char { Kept, Encoded };

std::string encode(std::string_view text, Slash slash) {
  std::string encoded;
  for (const char c : text) {
    if (is_unreserved(c) || (c == '/' && slash == Slash::Kept)) {
      encoded.push_back(c);
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

/// Sorted and encoded: the form that is signed is the form that is sent.
std::string canonical_query(const S3Request& request) {
  std::vector<std::string> parts;
  for (const auto& [name, value] : request.query) {
    parts.push_back(encode(name, Slash::Encoded) + "=" + encode(value, Slash::Encoded));
  }
  std::ranges::sort(parts);
  return fmt::format("{}", fmt::join(parts, "&"));
}

struct Time {
  std::string date;    // 20130524
  std::string moment;  // 20130524T000000Z
};

Time time_of(std::int64_t unix_ms) {
  const std::chrono::sys_seconds second{std::chrono::seconds(unix_ms / 1000)};
  const auto day = std::chrono::floor<std::chrono::days>(second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(second - day);
  Time time;
  time.date = fmt::format("{:04}{:02}{:02}", static_cast<int>(date.year()),
                          static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
  time.moment = fmt::format("{}T{:02}{:02}{:02}Z", time.date, clock.hours().count(),
                            clock.minutes().count(), clock.seconds().count());
  return time;
}

}  // namespace

std::string target_of(const S3Request& request) {
  std::string target = encode(request.path, Slash::Kept);
  if (!request.query.empty()) target += "?" + canonical_query(request);
  return target;
}

std::vector<std::pair<std::string, std::string>> sign(const S3Request& request,
                                                      const S3Credentials& credentials,
                                                      std::string_view region,
                                                      std::int64_t unix_ms) {
  const Time time = time_of(unix_ms);
  std::vector<std::pair<std::string, std::string>> headers = {
      {"x-amz-content-sha256", request.payload_sha256}, {"x-amz-date", time.moment}};
  if (!credentials.session_token.empty()) {
    headers.emplace_back("x-amz-security-token", credentials.session_token);
  }
  // In the order of their names, as the algorithm wants them.
  std::string canonical_headers = "host:" + request.host + "\n";
  std::string names = "host";
  for (const auto& [name, value] : headers) {
    canonical_headers += name + ":" + value + "\n";
    names += ";" + name;
  }
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request.method, encode(request.path, Slash::Kept),
                  canonical_query(request), canonical_headers, names, request.payload_sha256);
  const std::string scope = fmt::format("{}/{}/s3/aws4_request", time.date, region);
  const std::string text =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time.moment, scope, to_hex(sha256(canonical)));
  std::string key = hmac_sha256("AWS4" + credentials.secret_key, time.date);
  for (const std::string_view part :
       {region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = hmac_sha256(key, part);
  }
  headers.emplace_back(
      "Authorization",
      fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                  credentials.access_key, scope, names, to_hex(hmac_sha256(key, text))));
  return headers;
}

}  // namespace moonstone::files
