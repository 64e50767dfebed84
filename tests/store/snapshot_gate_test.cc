// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/snapshot_gate.h"

#include <chrono>
#include <future>
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

TEST(SnapshotGateTest, TheWriterDoesNotWaitForReads) {
  constexpr std::chrono::milliseconds kPatience{1};
  SnapshotGate gate;
  const auto slot = std::make_shared<SnapshotSlot>();
  slot->begun = std::chrono::steady_clock::now();
  gate.enter(slot);
  gate.note_idle();  // somebody else's was
  std::future<bool> drained;
  {
    const MutexLock reading(slot->mutex);
    drained = std::async(std::launch::async, [&] {
      gate.end_idle();
      return gate.drain(kPatience);
    });
    // Generous: only a thread that waits for the read takes as long.
    EXPECT_EQ(drained.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  }
  EXPECT_FALSE(drained.get());
}

}  // namespace
}  // namespace moonstone::store::sqlite
