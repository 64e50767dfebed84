// Moonstone. Licence: see LICENSE.
#include "protocol/functions/cors.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace moonstone::protocol::functions {
namespace {

std::string header_of(const HttpResponse& response, std::string_view name) {
  const auto found = std::ranges::find_if(response.headers, [name](const Header& header) {
    return same_header_name(header.name, name);
  });
  return found == response.headers.end() ? "-" : found->value;
}

HttpResponse answered(const Cors& cors, const std::string& origin) {
  HttpRequest request;
  if (!origin.empty()) request.headers.push_back({"Origin", origin});
  return cors.answer_preflight(request);
}

TEST(CorsTest, EverybodyGetsAStarAndNoCredentials) {
  const Cors cors({"*"});
  const HttpResponse response = answered(cors, "https://a");
  EXPECT_EQ(response.status, 204);
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Origin"), "*");
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Credentials"), "-");
  EXPECT_EQ(header_of(response, "Vary"), "-");
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Methods"),
            "GET, POST, PUT, DELETE, PATCH, OPTIONS");
  EXPECT_EQ(header_of(response, "Access-Control-Allow-Headers"), "Content-Type, Authorization");
  EXPECT_EQ(header_of(response, "Access-Control-Max-Age"), "86400");
}

TEST(CorsTest, AListedOriginIsEchoedAndOthersGetNothing) {
  const Cors cors({"https://a", "https://b"});
  const HttpResponse listed = answered(cors, "https://b");
  EXPECT_EQ(header_of(listed, "Access-Control-Allow-Origin"), "https://b");
  EXPECT_EQ(header_of(listed, "Vary"), "Origin");
  EXPECT_EQ(header_of(listed, "Access-Control-Allow-Credentials"), "true");
  for (const char* origin : {"https://c", "https://a.evil", "null", "HTTPS://A", ""})
    EXPECT_TRUE(answered(cors, origin).headers.empty()) << origin;
}

TEST(CorsTest, HeadersThatAreThereStay) {
  const Cors cors({"*"});
  HttpResponse response{.headers = {{"access-control-allow-origin", "https://own"}}};
  cors.add_headers("https://a", response);
  EXPECT_EQ(response.headers.size(), 1U);
}

}  // namespace
}  // namespace moonstone::protocol::functions
