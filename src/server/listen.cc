// Moonstone. Licence: see LICENSE.
#include "server/listen.h"

#include <cerrno>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moonstone::server {
namespace {

/// Connections the kernel keeps for us while we are busy: a reconnect storm of 10,000 clients comes
/// within a second. The kernel caps it at net.core.somaxconn.
constexpr int kBacklog = 4096;

// Keepalive: first probe after a minute of silence, three more 15 s apart.
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 15;
constexpr int kKeepaliveProbes = 4;

using AddressList = std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)>;

/// The socket calls take the general address type; the cast is theirs, not ours.
sockaddr* as_sockaddr(sockaddr_storage& storage) {
  return reinterpret_cast<sockaddr*>(&storage);
}

void set_option(int fd, int level, int name, int value) {
  // An option that cannot be set costs speed or patience, never correctness.
  static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

Error listen_error(const std::string& host, std::uint16_t port, int code) {
  std::string_view way_out = "choose another port with --port";
  if (code == EADDRNOTAVAIL) way_out = "choose an address of this machine with --host";
  if (code == EADDRINUSE) {
    way_out = "stop the program that uses it, or choose another port with --port";
  }
  if (code == EACCES) way_out = "ports below 1024 need privileges: choose another with --port";
  return Error(
      ErrorCode::Unavailable,
      fmt::format("cannot listen on {}:{}: {}; {}", host, port, std::strerror(code), way_out),
      "listen");
}

std::uint16_t port_of(int fd) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  if (::getsockname(fd, as_sockaddr(storage), &length) != 0) return 0;
  if (storage.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
}

Peer peer_of(const sockaddr_storage& storage) {
  Peer peer;
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET6) {
    const auto& address = reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr;
    static_cast<void>(::inet_ntop(AF_INET6, &address, text, sizeof text));
    const bool is_mapped = IN6_IS_ADDR_V4MAPPED(&address) != 0;
    peer.from_loopback =
        IN6_IS_ADDR_LOOPBACK(&address) != 0 || (is_mapped && address.s6_addr[12] == 127);
    peer.is_v6 = true;
  } else {
    const auto& address = reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr;
    static_cast<void>(::inet_ntop(AF_INET, &address, text, sizeof text));
    peer.from_loopback = (ntohl(address.s_addr) >> 24U) == 127;
  }
  peer.address = text;
  return peer;
}

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) ::close(fd_);
}

Result<Listening> listen_on(const std::string& host, std::uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* raw = nullptr;
  const int failure = ::getaddrinfo(host.c_str(), fmt::to_string(port).c_str(), &hints, &raw);
  if (failure != 0) {
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot listen on {}:{}: {}; choose an address of this machine with "
                             "--host, such as 127.0.0.1 or 0.0.0.0",
                             host, port, ::gai_strerror(failure)),
                 "listen");
  }
  const AddressList addresses(raw, &::freeaddrinfo);
  int code = EADDRNOTAVAIL;
  for (const addrinfo* it = addresses.get(); it != nullptr; it = it->ai_next) {
    Descriptor descriptor(::socket(it->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (descriptor.is_open()) {
      set_option(descriptor.get(), SOL_SOCKET, SO_REUSEADDR, 1);
      if (::bind(descriptor.get(), it->ai_addr, it->ai_addrlen) == 0 &&
          ::listen(descriptor.get(), kBacklog) == 0) {
        const std::uint16_t real_port = port_of(descriptor.get());
        return Listening{.descriptor = std::move(descriptor), .port = real_port};
      }
    }
    code = errno;
  }
  return listen_error(host, port, code);
}

AcceptOutcome accept_one(int listener, std::chrono::milliseconds unread_max, Accepted& accepted) {
  sockaddr_storage storage{};
  socklen_t length = sizeof storage;
  const int fd = ::accept4(listener, as_sockaddr(storage), &length, SOCK_CLOEXEC | SOCK_NONBLOCK);
  if (fd >= 0) {
    accepted.descriptor = Descriptor(fd);
    accepted.peer = peer_of(storage);
    set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set_option(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set_option(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds);
    set_option(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
    // Without it the kernel goes on for a quarter of an hour, and we keep what waits to be sent.
    set_option(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, static_cast<int>(unread_max.count()));
    return AcceptOutcome::Accepted;
  }
  if (errno == EAGAIN || errno == EWOULDBLOCK) return AcceptOutcome::Empty;
  if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
    return AcceptOutcome::Exhausted;
  }
  return AcceptOutcome::Again;
}

}  // namespace moonstone::server
