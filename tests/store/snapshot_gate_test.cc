// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/snapshot_gate.h"

#include <chrono>
#include <memory>

#include <gtest/gtest.h>

namespace moonstone::store::sqlite {
namespace {

TEST(SnapshotGateTest, LeavingForOneSnapshotDoesNotLeaveForTheNext) {
  constexpr std::chrono::milliseconds kPatience{1};
  SnapshotGate gate;
  const auto slot = std::make_shared<SnapshotSlot>();
  slot->begun = std::chrono::steady_clock::now();
  gate.enter(slot);
  // Somebody ends that snapshot; before he has left for it, its reader takes the next one.
  gate.enter(slot);
  gate.leave(slot);
  EXPECT_FALSE(gate.drain(kPatience)) << "the reader has a snapshot";
  gate.open();
  gate.leave(slot);
  EXPECT_TRUE(gate.drain(kPatience));
}

}  // namespace
}  // namespace moonstone::store::sqlite
