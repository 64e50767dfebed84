// Moonstone. Licence: see LICENSE.
// What a machine needs for the pushes of one write at least: a loop of nothing but send() over
// loopback connections, and a process that waits with epoll and reads them all.
//
//   sends <connections> [rounds]
#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr std::size_t kMessageBytes = 200;  // an update of bench/app
constexpr int kEventsMax = 128;
constexpr int kBacklog = 4096;
constexpr useconds_t kRestUs = 20'000;

using Clock = std::chrono::steady_clock;

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::_Exit(1);
}

/// Connects, reads one message of each connection per round, and says so with a byte.
[[noreturn]] void read_all(const sockaddr_in& address, int connections, int rounds, int done) {
  const int epoll = epoll_create1(0);
  for (int i = 0; i < connections; ++i) {
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    if (connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
      fail("connect");
    }
    epoll_event event{.events = EPOLLIN, .data = {.fd = socket}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, socket, &event);
  }
  std::array<epoll_event, kEventsMax> events{};
  std::array<char, 2 * kMessageBytes> buffer{};
  for (int round = 0; round < rounds; ++round) {
    for (int got = 0; got < connections;) {
      const int ready = epoll_wait(epoll, events.data(), kEventsMax, -1);
      for (int i = 0; i < ready; ++i) {
        if (read(events.at(static_cast<std::size_t>(i)).data.fd, buffer.data(), buffer.size()) <= 0)
          fail("read");
        ++got;
      }
    }
    if (write(done, "x", 1) != 1) fail("write");
  }
  std::_Exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  const int connections = argc > 1 ? std::atoi(argv[1]) : 500;
  const int rounds = argc > 2 ? std::atoi(argv[2]) : 50;
  if (connections < 1 || rounds < 1) {
    std::fprintf(stderr, "usage: sends <connections> [rounds]\n");
    return 2;
  }
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  files.rlim_cur = files.rlim_max;
  setrlimit(RLIMIT_NOFILE, &files);
  const int listener = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  std::array<int, 2> done{};
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      listen(listener, kBacklog) != 0 || pipe(done.data()) != 0 ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    fail("listen");
  }
  if (fork() == 0) read_all(address, connections, rounds, done[1]);
  std::vector<int> sockets;
  const int on = 1;
  for (int i = 0; i < connections; ++i) {
    sockets.push_back(accept(listener, nullptr, nullptr));
    setsockopt(sockets.back(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  const std::string message(kMessageBytes, 'x');
  std::vector<double> times_ms;
  for (int round = 0; round < rounds; ++round) {
    usleep(kRestUs);
    const auto begun = Clock::now();
    for (const int socket : sockets)
      if (send(socket, message.data(), message.size(), MSG_NOSIGNAL) < 0) fail("send");
    char byte = 0;
    if (read(done[0], &byte, 1) != 1) fail("read");
    times_ms.push_back(std::chrono::duration<double, std::milli>(Clock::now() - begun).count());
  }
  std::ranges::sort(times_ms);
  std::printf("%d sends until the last is read: p50 %.1f ms, least %.1f ms\n", connections,
              times_ms[times_ms.size() / 2], times_ms.front());
  wait(nullptr);
  return 0;
}
