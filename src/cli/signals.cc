// Moonstone. Licence: see LICENSE.
#include "cli/signals.h"

#include <cerrno>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

sigset_t stop_set() {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

Result<StopSignals> StopSignals::catch_them() {
  const sigset_t set = stop_set();
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const int descriptor = ::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
  if (descriptor < 0) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("no signalfd: {}", std::generic_category().message(errno)));
  }
  return StopSignals(descriptor);
}

StopSignals::StopSignals(StopSignals&& other) noexcept
    : descriptor_(std::exchange(other.descriptor_, -1)) {}

StopSignals::~StopSignals() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

bool StopSignals::have_arrived() const {
  return wait_readable({descriptor_}, std::chrono::milliseconds(0)) == Waited::Readable;
}

void StopSignals::let_the_next_one_kill() {
  // The one that arrived is taken first: unblocking would deliver it.
  signalfd_siginfo taken{};
  while (::read(descriptor_, &taken, sizeof(taken)) > 0) {
  }
  const sigset_t set = stop_set();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

Waited wait_readable(std::initializer_list<int> descriptors,
                     std::optional<std::chrono::milliseconds> time_max) {
  std::vector<pollfd> waits;
  for (const int descriptor : descriptors) {
    waits.push_back({.fd = descriptor, .events = POLLIN, .revents = 0});
  }
  const int timeout = time_max ? static_cast<int>(time_max->count()) : -1;
  int count = 0;
  do {
    count = ::poll(waits.data(), waits.size(), timeout);
  } while (count < 0 && errno == EINTR);
  return count > 0 ? Waited::Readable : Waited::TimedOut;
}

}  // namespace moonstone::cli
