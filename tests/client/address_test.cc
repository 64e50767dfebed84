// Moonstone. Licence: see LICENSE.
#include "client/address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::client {
namespace {

using ::testing::HasSubstr;

Address parsed(std::string_view url) {
  const auto address = parse_address(url);
  EXPECT_TRUE(address) << url << ": " << address.error().message;
  return address.value_or(Address{});
}

std::string refusal_of(std::string_view url) {
  const auto address = parse_address(url);
  if (address) return "taken";
  EXPECT_EQ(address.error().code, "invalid_argument");
  EXPECT_THAT(address.error().message, HasSubstr(url));
  return address.error().message;
}

TEST(AddressTest, TakesUrlsApart) {
  const Address plain = parsed("ws://localhost:8788/ws");
  EXPECT_EQ(plain.security, Address::Security::Plain);
  EXPECT_EQ(plain.host, "localhost");
  EXPECT_EQ(plain.port, "8788");
  EXPECT_EQ(plain.target, "/ws");
  EXPECT_EQ(plain.authority(), "localhost:8788");

  const Address tls = parsed("wss://example.org/t/acme/ws?x=1");
  EXPECT_EQ(tls.security, Address::Security::Tls);
  EXPECT_EQ(tls.port, "443");
  EXPECT_EQ(tls.target, "/t/acme/ws?x=1");
  EXPECT_EQ(tls.authority(), "example.org");
}

TEST(AddressTest, KnowsBracketsAndDefaults) {
  const Address v6 = parsed("ws://[::1]:99/ws");
  EXPECT_EQ(v6.host, "::1");
  EXPECT_EQ(v6.port, "99");
  EXPECT_EQ(v6.authority(), "[::1]:99");
  EXPECT_EQ(parsed("ws://[::1]").port, "80");
  EXPECT_EQ(parsed("ws://host").target, "/");
  EXPECT_EQ(parsed("ws://host?q").target, "/?q");
  EXPECT_EQ(parsed("http://host/ws").security, Address::Security::Plain);
  EXPECT_EQ(parsed("https://host/ws").security, Address::Security::Tls);
}

TEST(AddressTest, SaysWhatIsWrong) {
  EXPECT_THAT(refusal_of("localhost:8788/ws"), HasSubstr("it has no scheme"));
  EXPECT_THAT(refusal_of(""), HasSubstr("it has no scheme"));
  EXPECT_THAT(refusal_of("ftp://host"), HasSubstr("its scheme is another"));
  EXPECT_THAT(refusal_of("ws://"), HasSubstr("it has no host"));
  EXPECT_THAT(refusal_of("ws://:80/ws"), HasSubstr("it has no host"));
  EXPECT_THAT(refusal_of("ws://[]:80"), HasSubstr("it has no host"));
  EXPECT_THAT(refusal_of("ws://[::1/ws"), HasSubstr("no closing bracket"));
  for (const char* url : {"ws://h:", "ws://h:0", "ws://h:65536", "ws://h:8x", "ws://[::1]8"}) {
    EXPECT_THAT(refusal_of(url), HasSubstr("its port is none"));
  }
  EXPECT_THAT(refusal_of("ws://ada:secret@host/ws"), HasSubstr("user name"));
  EXPECT_THAT(refusal_of("ws://host/ws#top"), HasSubstr("fragment"));
  EXPECT_THAT(refusal_of("ws://host/a b"), HasSubstr("spaces"));
  EXPECT_THAT(refusal_of("ws://host/ws\r\nX: y"), HasSubstr("spaces"));
}

}  // namespace
}  // namespace moonstone::client
