// Moonstone. Licence: see LICENSE.
#include "live/internal/inbox.h"

#include <condition_variable>
#include <mutex>
#include <utility>

#include "base/batch.h"

namespace moonstone::live {

struct Inbox::Shared {
  std::mutex mutex;
  std::condition_variable wake;           // only the strand waits
  std::deque<engine::CommitPtr> commits;  // guarded by mutex, like all below
  std::size_t changes = 0;                // of all commits
  std::size_t bytes = 0;                  // likewise
  std::vector<Wish> wishes;
  std::vector<DeliveryWish> delivery_wishes;
  bool is_closed = false;
  bool is_waking_deferred = false;  // some thread will wake the strand at the end of its batch

  bool is_empty() const { return commits.empty() && wishes.empty() && delivery_wishes.empty(); }
};

Inbox::Inbox() : shared_(std::make_shared<Shared>()) {}
Inbox::~Inbox() = default;

void Inbox::push_commit(engine::CommitPtr commit) {
  std::deque<engine::CommitPtr> melted;  // destroyed outside the lock
  std::size_t bytes = size_bytes_of(*commit);
  const std::lock_guard lock(shared_->mutex);
  const bool is_full = shared_->commits.size() >= kInboxCommitsMax ||
                       shared_->changes + commit->changes.size() > kInboxChangesMax ||
                       shared_->bytes + bytes > kInboxBytesMax;
  if (is_full && !shared_->commits.empty()) {
    auto everything = std::make_shared<engine::Commit>();
    everything->schema = commit->schema;
    everything->version = commit->version;
    everything->schema_version = commit->schema_version;
    everything->everything = true;
    melted.swap(shared_->commits);
    melted.push_back(std::exchange(commit, std::move(everything)));
    shared_->changes = shared_->bytes = bytes = 0;
  }
  shared_->changes += commit->changes.size();
  shared_->bytes += bytes;
  shared_->commits.push_back(std::move(commit));
  shared_->wake.notify_one();
}

void Inbox::push_wish(Wish wish) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->is_closed) return;
  shared_->wishes.push_back(std::move(wish));
  if (!Batch::is_open()) return shared_->wake.notify_one();
  if (std::exchange(shared_->is_waking_deferred, true)) return;
  Batch::defer([shared = shared_] {
    const std::lock_guard lock_later(shared->mutex);
    shared->is_waking_deferred = false;
    shared->wake.notify_one();
  });
}

void Inbox::push_delivery_wish(DeliveryWish wish) {
  const std::lock_guard lock(shared_->mutex);
  if (shared_->is_closed) return;
  shared_->delivery_wishes.push_back(std::move(wish));
  shared_->wake.notify_one();
}

void Inbox::close() {
  const std::lock_guard lock(shared_->mutex);
  shared_->is_closed = true;
  shared_->wake.notify_one();
}

bool Inbox::is_closed() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->is_closed;
}

bool Inbox::is_empty() const {
  const std::lock_guard lock(shared_->mutex);
  return shared_->is_empty();
}

bool Inbox::wait(std::optional<Instant> until) {
  std::unique_lock lock(shared_->mutex);
  const auto has_come = [this] { return shared_->is_closed || !shared_->is_empty(); };
  if (until) return shared_->wake.wait_until(lock, *until, has_come);
  shared_->wake.wait(lock, has_come);
  return true;
}

engine::CommitPtr Inbox::wait_for_commit(Version version, Instant until) {
  std::unique_lock lock(shared_->mutex);
  shared_->wake.wait_until(lock, until,
                           [this] { return shared_->is_closed || !shared_->commits.empty(); });
  if (shared_->commits.empty() || shared_->commits.front()->version > version) return nullptr;
  engine::CommitPtr commit = std::move(shared_->commits.front());
  shared_->commits.pop_front();
  shared_->changes -= commit->changes.size();
  shared_->bytes -= size_bytes_of(*commit);
  return commit;
}

std::deque<engine::CommitPtr> Inbox::take_commits() {
  const std::lock_guard lock(shared_->mutex);
  shared_->changes = shared_->bytes = 0;
  return std::exchange(shared_->commits, {});
}

std::vector<Wish> Inbox::take_wishes() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->wishes, {});
}

std::vector<DeliveryWish> Inbox::take_delivery_wishes() {
  const std::lock_guard lock(shared_->mutex);
  return std::exchange(shared_->delivery_wishes, {});
}

}  // namespace moonstone::live
