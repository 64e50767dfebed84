// Moonstone. Licence: see LICENSE.
#include "server/wake_list.h"

#include <algorithm>
#include <utility>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace moonstone::server {
namespace {

/// Sockets flushed before the loop reads again: about a fifth of a millisecond of system calls,
/// which is what a request may have to wait behind pushes to others.
constexpr std::size_t kSocketsAtOnce = 32;

}  // namespace

void WakeList::add(FlushablePtr socket, Turn turn) {
  const MutexLock lock(mutex_);
  (turn == Turn::Soon ? soon_ : later_).push_back(std::move(socket));
  if (!std::exchange(is_posted_, true)) post();
}

void WakeList::post() {
  boost::asio::post(io_, [this] { run(); });
}

void WakeList::run() {
  std::vector<FlushablePtr> soon;
  {
    const MutexLock lock(mutex_);
    soon.swap(soon_);
    if (next_ == under_way_.size()) {
      under_way_.clear();
      next_ = 0;
      under_way_.swap(later_);
    }
  }
  for (const FlushablePtr& socket : soon)
    socket->flush();
  const std::size_t end = std::min(under_way_.size(), next_ + kSocketsAtOnce);
  while (next_ < end)
    std::exchange(under_way_[next_++], nullptr)->flush();
  const MutexLock lock(mutex_);
  is_posted_ = next_ < under_way_.size() || !soon_.empty() || !later_.empty();
  if (is_posted_) post();
}

}  // namespace moonstone::server
