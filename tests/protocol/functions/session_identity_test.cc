// Moonstone. Licence: see LICENSE.
// The end of an identity on a socket.
#include <atomic>
#include <chrono>
#include <filesystem>
#include <latch>
#include <memory>

#include <gtest/gtest.h>

#include "base/json.h"
#include "protocol/functions/tenants.h"
#include "tests/protocol/functions/conversation.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::int64_t kNow = 1'800'000'000'000;
/// The last second that a token may name.
constexpr std::int64_t kYear9999 = 253'402'300'799'000;

/// Stands still, but comes to its end if it is asked again and again.
class ImpatientClock final : public Clock {
 public:
  std::int64_t unix_ms() override { return ++asked_ < kAskedMax ? kNow : kYear9999; }
  std::chrono::steady_clock::time_point monotonic() override {
    return std::chrono::steady_clock::now();
  }

 private:
  static constexpr int kAskedMax = 1'000;
  std::atomic<int> asked_ = 0;
};

TEST(SessionIdentityTest, OneThatLastsForMillenniaKeepsNobodyBusy) {
  std::string folder = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
  ASSERT_NE(mkdtemp(folder.data()), nullptr);
  ImpatientClock clock;
  TenantsOptions options;
  options.each.folder = folder;
  options.each.host.clock = &clock;
  const auto tenants = Tenants::open(std::move(options)).value();
  Authentication authentication(nullptr);
  {
    auto sink = std::make_shared<RecordingSink>();
    FunctionSession session(tenants->root()->host(), sink, {},
                            {.authentication = {.authentication = &authentication,
                                                .verified = identity::VerifiedToken{
                                                    .identity = Object{{"subject", "ada"}},
                                                    .expires_unix_ms = kYear9999}}});
    // Alarms go in the order of their times, so that of the token is not due before this one.
    std::latch rang(1);
    authentication.alarms().set(std::chrono::steady_clock::now(), [&rang] { rang.count_down(); });
    rang.wait();
    EXPECT_EQ(sink->next_now(), std::nullopt) << "the identity has not ended";
    session.on_closed();
  }
  tenants->stop();
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace moonstone::protocol::functions
