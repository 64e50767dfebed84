// Moonstone. Licence: see LICENSE.
#include "engine/internal/writer_baton.h"

#include <future>
#include <memory>
#include <thread>

#include <gtest/gtest.h>

namespace moonstone::engine {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// Remembers when it was revoked.
class Holder final : public WriterBaton::Revocable {
 public:
  explicit Holder(WriterBaton& baton) : baton_(baton) {}
  void revoke() override {
    revoked_at = SteadyClock::now();
    baton_.give_back();
  }

  SteadyClock::time_point revoked_at;

 private:
  WriterBaton& baton_;
};

TEST(WriterBatonTest, ALeaseBeginsWhenTheTurnDoes) {
  constexpr std::chrono::milliseconds kLease{50};
  const auto never = SteadyClock::now() + std::chrono::hours(1);
  WriterBaton baton;
  baton.take_for_loop();
  const auto holder = std::make_shared<Holder>(baton);
  std::promise<void> asks;
  auto taken = std::async(std::launch::async, [&] {
    asks.set_value();
    return baton.take_for_turn(holder, kLease, never);
  });
  asks.get_future().wait();
  // Whoever waits for longer than its lease still has all of it.
  for (const auto begin = SteadyClock::now(); SteadyClock::now() < begin + kLease;)
    std::this_thread::yield();
  const auto given_back_at = SteadyClock::now();
  baton.give_back();
  ASSERT_TRUE(taken.get());
  baton.take_for_loop();
  EXPECT_GE(holder->revoked_at, given_back_at + kLease);
  baton.give_back();
}

}  // namespace
}  // namespace moonstone::engine
