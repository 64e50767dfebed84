// Moonstone. Licence: see LICENSE.
#include "files/file_links.h"

#include <filesystem>
#include <fstream>
#include <string>

#include <gtest/gtest.h>

#include "files/file_records.h"
#include "tests/engine/database_fixture.h"

namespace moonstone::files {
namespace {

constexpr std::string_view kId = "_storage/0123abcd-0000-4000-8000-0123456789ab";
constexpr std::string_view kOther = "_storage/ffff0000-0000-4000-8000-0123456789ab";
constexpr std::int64_t kNow = 1'800'000'000'000;

FileLinks links(Access access = Access::Public, std::string secret = "secret of tenant a") {
  return {std::move(secret), {.access = access}, system_random()};
}

std::string query_of(const std::string& url) {
  return url.substr(url.find('?') + 1);
}

TEST(FileLinks, PublicLinksAreBareAndNeedNothing) {
  const std::string url = links().url_of("https://h/t/a", kId, std::nullopt, kNow);
  EXPECT_EQ(url, "https://h/t/a/storage/" + std::string(kId));
  EXPECT_EQ(links().check(kId, "", kNow).value(), std::nullopt);
  EXPECT_EQ(links().check(kId, "v=2", kNow).value(), std::nullopt);
  EXPECT_FALSE(links().needs_time(std::nullopt));
  EXPECT_TRUE(links().needs_time(5));
}

TEST(FileLinks, ASignedLinkIsGoodUntilItsTime) {
  const std::string query = query_of(links().url_of("https://h", kId, 60, kNow));
  EXPECT_EQ(links().check(kId, query, kNow).value(), 60);
  EXPECT_EQ(links().check(kId, query, kNow + 59'000).value(), 1);
  EXPECT_FALSE(links().check(kId, query, kNow + 60'000));
}

TEST(FileLinks, AlteredLinksAreRefused) {
  const std::string query = query_of(links().url_of("https://h", kId, 60, kNow));
  const auto refused = [&](std::string_view id, const std::string& text) {
    const auto outcome = links().check(id, text, kNow);
    EXPECT_FALSE(outcome) << text;
    if (!outcome) {
      EXPECT_EQ(outcome.error().code(), ErrorCode::PermissionDenied);
      EXPECT_EQ(outcome.error().message(), "Invalid or expired link");
    }
  };
  refused(kOther, query);
  std::string later = query;
  later.replace(later.find("expires=") + 8, 1, "2");
  refused(kId, later);
  refused(kId, query.substr(0, query.size() - 1));
  refused(kId, query.substr(query.find("signature=")));
  refused(kId, query.substr(0, query.find('&')));
  refused(kId, "expires=9999999999&signature=");
  EXPECT_FALSE(links(Access::Public, "secret of tenant b").check(kId, query, kNow));
}

TEST(FileLinks, ASignatureDoesNotMakeUpForABadNumber) {
  // Signed by us, but no number: only ever made by a bug, and then refused.
  const std::string query = query_of(links().url_of("https://h", kId, -10'000'000'000, kNow));
  EXPECT_FALSE(links().check(kId, query, kNow));
}

TEST(FileLinks, PrivateFilesNeedASignature) {
  const FileLinks closed = links(Access::Signed);
  EXPECT_FALSE(closed.check(kId, "", kNow));
  EXPECT_TRUE(closed.needs_time(std::nullopt));
  const std::string url = closed.url_of("https://h", kId, std::nullopt, kNow);
  EXPECT_EQ(closed.check(kId, query_of(url), kNow).value(), 3600);
}

TEST(FileLinks, ParametersAreFoundAndDecoded) {
  EXPECT_EQ(query_parameter("token=a-b", "token"), "a-b");
  EXPECT_EQ(query_parameter("x=1&token=a%2Fb%", "token"), "a/b%");
  EXPECT_EQ(query_parameter("%74oken=1", "token"), "1");
  EXPECT_EQ(query_parameter("token", "token"), "");
  EXPECT_EQ(query_parameter("token=&token=2", "token"), "");
  EXPECT_EQ(query_parameter("tokens=1&&=&", "token"), std::nullopt);
  EXPECT_EQ(query_parameter("", "token"), std::nullopt);
}

TEST(FileLinks, TheSecretIsMadeOnceAndKept) {
  const engine::TemporaryFolder folder;
  const std::string path = folder.file("secret");
  const std::string secret = load_link_secret(path, system_random()).value();
  EXPECT_EQ(secret.size(), 64U);
  EXPECT_EQ(load_link_secret(path, system_random()).value(), secret);
  EXPECT_EQ(std::filesystem::status(path).permissions(),
            std::filesystem::perms::owner_read | std::filesystem::perms::owner_write);
  std::ofstream(path) << "short";
  EXPECT_EQ(load_link_secret(path, system_random()).error().code(), ErrorCode::Corruption);
  EXPECT_FALSE(load_link_secret(folder.file("no/such/folder"), system_random()));
}

TEST(FileRecords, UuidsAreRandomVersionFour) {
  const std::string uuid = make_uuid(system_random());
  EXPECT_EQ(uuid.size(), 36U);
  EXPECT_EQ(uuid[14], '4');
  EXPECT_NE(std::string("89ab").find(uuid[19]), std::string::npos);
  EXPECT_NE(uuid, make_uuid(system_random()));
  EXPECT_EQ(key_of_storage_id("_storage/" + uuid), uuid);
}

}  // namespace
}  // namespace moonstone::files
