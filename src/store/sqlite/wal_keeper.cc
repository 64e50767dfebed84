// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/wal_keeper.h"

#include <algorithm>

#include <sqlite3.h>

namespace moonstone::store::sqlite {

namespace {

/// What the writer's thread may copy itself: about a millisecond.
constexpr std::int64_t kHereBytesMax = std::int64_t{1} * 1024 * 1024;
/// Passes in a row. Where commits come as fast as they are copied, the writer takes what is left.
constexpr int kPassesMax = 4;
/// How long the writer waits for snapshots to end. Those of live queries end within this time.
constexpr std::chrono::milliseconds kDrainPatience{20};
/// What SQLite puts before each page in the WAL.
constexpr std::int64_t kFrameHeaderBytes = 24;

}  // namespace

Status WalKeeper::open(Connection& writer) {
  writer_ = &writer;
  MS_TRY(const std::int64_t page_bytes,
         writer.integer_of("PRAGMA page_size", "read the size of pages"));
  frame_bytes_ = page_bytes + kFrameHeaderBytes;
  const auto on_commit = [](void* keeper, sqlite3*, const char*, int frames) {
    static_cast<WalKeeper*>(keeper)->note_commit(frames);
    return SQLITE_OK;
  };
  sqlite3_wal_hook(writer.handle(), on_commit, this);
  return {};
}

WalKeeper::~WalKeeper() {
  if (writer_ != nullptr) sqlite3_wal_hook(writer_->handle(), nullptr, nullptr);
}

void WalKeeper::note_commit(std::int64_t frames) {
  if (frames <= frames_) {
    has_restarted_ = true;
    copied_ = next_bytes_ = next_drain_bytes_ = 0;
  }
  frames_ = frames;
}

void WalKeeper::wait_if_far_behind() {
  if (bytes_of(frames_ - frames_at_pass_) >= limits_.drain_bytes) copier_.wait();
}

void WalKeeper::begin_pass() {
  has_restarted_ = false;
  frames_at_pass_ = frames_;
  const bool revokes = bytes_of(frames_) >= limits_.revoke_bytes;
  copier_.begin_pass(revokes ? WalCopier::Revoke::Yes : WalCopier::Revoke::No);
}

Status WalKeeper::tend(Writer::WalCare care) {
  gate_.end_idle();  // they are old after a commit, and in the way of other programs after a while
  if (copier_.is_running()) wait_if_far_behind();
  if (auto pass = copier_.take_finished()) {
    if (!*pass) {
      // What could not be copied or synced is copied again, all of it, by a later pass.
      wait_for_more();
      return pass->error();
    }
    MS_TRY_STATUS(follow_up(**pass));
  }
  if (copier_.is_running()) return {};
  const std::int64_t to_copy = frames_to_copy();
  if (to_copy == 0) return {};
  const bool is_long = bytes_of(to_copy) >= limits_.copy_bytes && bytes_of(frames_) >= next_bytes_;
  if (!is_long && care == Writer::WalCare::WhenLong) return {};
  // Nobody waits while the writer is idle; a thread is not worth its memory for so little.
  if (bytes_of(to_copy) <= kHereBytesMax && care == Writer::WalCare::Always) return copy_here();
  begin_pass();
  return {};
}

Status WalKeeper::follow_up(const Connection::Copied& pass) {
  if (has_restarted_) {  // it had copied all that there was
    passes_ = 0;
    return {};
  }
  copied_ = pass.frames_copied;
  if (pass.frames_copied < pass.frames_in_wal) {  // a snapshot needs what lies behind
    wait_for_more();
  } else if (frames_to_copy() == 0) {
    passes_ = 0;
    return {};
  } else if (bytes_of(frames_to_copy()) > kHereBytesMax && ++passes_ < kPassesMax) {
    begin_pass();
    return {};
  } else {
    passes_ = 0;
    MS_TRY_STATUS(copy_here());
  }
  return bytes_of(frames_) >= std::max(limits_.drain_bytes, next_drain_bytes_) ? cut() : Status();
}

Status WalKeeper::copy_here() {
  MS_TRY(const Connection::Copied copied, writer_->copy_wal(Connection::Cut::No));
  if (copied.frames_in_wal < 0) return {};  // the copier is at it
  copied_ = copied.frames_copied;
  return {};
}

Status WalKeeper::cut() {
  // Whatever comes of it, the next attempt is due after as much again.
  next_drain_bytes_ = bytes_of(frames_) + limits_.drain_bytes / 4;
  Status done;
  if (gate_.drain(kDrainPatience)) {
    auto copied = writer_->copy_wal(Connection::Cut::Yes);
    if (!copied) {
      done = copied.error();
    } else if (copied->frames_in_wal == 0) {
      frames_ = copied_ = next_bytes_ = next_drain_bytes_ = 0;
    } else if (copied->frames_in_wal > 0) {
      copied_ = copied->frames_copied;
    }
  }
  gate_.open();
  return done;
}

void WalKeeper::wait_for_more() {
  passes_ = 0;
  next_bytes_ = bytes_of(frames_) + limits_.copy_bytes;
}

}  // namespace moonstone::store::sqlite
