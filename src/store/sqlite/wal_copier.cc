// Moonstone. Licence: see LICENSE.
#include "store/sqlite/internal/wal_copier.h"

#include <utility>

namespace moonstone::store::sqlite {

WalCopier::~WalCopier() {
  if (!thread_.joinable()) return;
  {
    const auto state = state_.lock();  // so that the thread cannot miss it on its way to sleep
    thread_.request_stop();
  }
  ordered_.notify_all();
  thread_.join();
}

void WalCopier::begin_pass(Revoke revoke) {
  if (!thread_.joinable()) {
    thread_ = start_thread("ms-wal", [this](const std::stop_token& stop) { work(stop); });
  }
  const auto state = state_.lock();
  state->ordered = revoke;
  state->is_running = true;
  state->is_revoking = revoke == Revoke::Yes;
  ordered_.notify_all();
}

bool WalCopier::is_running() {
  return state_.lock()->is_running;
}

void WalCopier::wait() {
  state_.lock().wait(ended_,
                     [](const State& state) { return !state.is_running || state.is_revoking; });
}

std::optional<Result<Connection::Copied>> WalCopier::take_finished() {
  return std::exchange(state_.lock()->finished, std::nullopt);
}

void WalCopier::work(const std::stop_token& stop) {
  while (true) {
    Revoke revoke{};
    {
      const auto state = state_.lock();
      state.wait(ordered_, [&](const State& now) { return now.ordered || stop.stop_requested(); });
      if (stop.stop_requested()) return;
      revoke = *std::exchange(state->ordered, std::nullopt);
    }
    if (revoke == Revoke::Yes) {
      gate_.revoke_older_than(options_.wal.snapshot_age_max);
      const auto state = state_.lock();
      state->is_revoking = false;
    }
    auto copied = copy();
    const auto state = state_.lock();
    state->finished = std::move(copied);
    state->is_running = false;
    ended_.notify_all();
  }
}

Result<Connection::Copied> WalCopier::copy() {
  if (connection_ == nullptr) {
    MS_TRY(connection_, Connection::open(options_, Connection::Role::Copier));
  }
  return connection_->copy_wal(Connection::Cut::No);
}

}  // namespace moonstone::store::sqlite
