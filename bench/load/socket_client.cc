// Moonstone. Licence: see LICENSE.
#include "bench/load/socket_client.h"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moonstone::bench {

namespace {

constexpr std::size_t kReadBytes = 64 * 1024;
constexpr std::size_t kFrameBytesMax = std::size_t{64} * 1024 * 1024;
constexpr std::uint8_t kTextFrame = 0x81;
constexpr std::uint8_t kMasked = 0x80;

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// The frame's header and masked payload. The mask is zero: allowed, and free.
std::string frame_of(std::string_view text) {
  std::string frame;
  frame.push_back(static_cast<char>(kTextFrame));
  if (text.size() < 126) {
    frame.push_back(static_cast<char>(kMasked | text.size()));
  } else if (text.size() < 65536) {
    frame.push_back(static_cast<char>(kMasked | 126U));
    frame.push_back(static_cast<char>(text.size() >> 8U));
    frame.push_back(static_cast<char>(text.size() & 0xFFU));
  } else {
    frame.push_back(static_cast<char>(kMasked | 127U));
    for (int shift = 56; shift >= 0; shift -= 8) {
      frame.push_back(static_cast<char>((text.size() >> static_cast<unsigned>(shift)) & 0xFFU));
    }
  }
  frame.append(4, '\0').append(text);
  return frame;
}

}  // namespace

struct SocketClients::Connection {
  std::size_t number = 0;
  int descriptor = -1;
  std::string received;
  std::string unsent;
};

SocketClients::SocketClients(OnText on_text)
    : on_text_(std::move(on_text)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  if (epoll_ < 0) die("epoll");
}

SocketClients::~SocketClients() {
  for (const auto& connection : connections_)
    close(connection->descriptor);
  close(epoll_);
}

void SocketClients::connect(std::uint16_t port, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i) {
    auto connection = std::make_unique<Connection>();
    connection->number = connections_.size();
    const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (descriptor < 0) die("socket");
    connection->descriptor = descriptor;
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      die("connect");
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    static constexpr std::string_view kHandshake =
        "GET /ws HTTP/1.1\r\nHost: 127.0.0.1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
    if (write(descriptor, kHandshake.data(), kHandshake.size()) < 0) die("handshake");
    std::string answer;
    std::array<char, 1> byte{};
    while (!answer.ends_with("\r\n\r\n")) {
      if (read(descriptor, byte.data(), 1) != 1) die("handshake answer");
      answer.push_back(byte[0]);
    }
    if (!answer.starts_with("HTTP/1.1 101")) {
      std::fprintf(stderr, "load: refused: %s\n", answer.c_str());
      std::exit(1);
    }
    fcntl(descriptor, F_SETFL, O_NONBLOCK);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = connection.get();
    epoll_ctl(epoll_, EPOLL_CTL_ADD, descriptor, &event);
    connections_.push_back(std::move(connection));
  }
}

void SocketClients::send(std::size_t number, std::string_view text) {
  Connection& connection = *connections_[number];
  const bool idle = connection.unsent.empty();
  connection.unsent += frame_of(text);
  if (idle) write_pending(connection);
}

void SocketClients::write_pending(Connection& connection) {
  const ssize_t written =
      write(connection.descriptor, connection.unsent.data(), connection.unsent.size());
  if (written < 0 && errno != EAGAIN) die("write");
  if (written > 0) connection.unsent.erase(0, static_cast<std::size_t>(written));
  epoll_event event{};
  event.events = connection.unsent.empty() ? EPOLLIN : EPOLLIN | EPOLLOUT;
  event.data.ptr = &connection;
  if (!connection.unsent.empty() || written < 0) {
    epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
  }
}

void SocketClients::poll(int timeout_ms) {
  std::array<epoll_event, 256> events{};
  const int count = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), timeout_ms);
  for (int i = 0; i < count; ++i) {
    auto& connection = *static_cast<Connection*>(events[static_cast<std::size_t>(i)].data.ptr);
    if ((events[static_cast<std::size_t>(i)].events & EPOLLOUT) != 0) {
      write_pending(connection);
      if (connection.unsent.empty()) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.ptr = &connection;
        epoll_ctl(epoll_, EPOLL_CTL_MOD, connection.descriptor, &event);
      }
    }
    if ((events[static_cast<std::size_t>(i)].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) == 0)
      continue;
    static std::array<char, kReadBytes> buffer;
    const ssize_t received = read(connection.descriptor, buffer.data(), buffer.size());
    if (received == 0) {
      errno = 0;
      die("the server closed a connection");
    }
    if (received < 0) {
      if (errno == EAGAIN) continue;
      die("read");
    }
    connection.received.append(buffer.data(), static_cast<std::size_t>(received));
    read_frames(connection);
  }
}

void SocketClients::read_frames(Connection& connection) {
  std::string& data = connection.received;
  std::size_t position = 0;
  while (data.size() - position >= 2) {
    const auto byte_at = [&](std::size_t offset) {
      return static_cast<std::size_t>(static_cast<std::uint8_t>(data[position + offset]));
    };
    std::size_t length = byte_at(1) & 0x7FU;
    std::size_t header = 2;
    if (length == 126) {
      if (data.size() - position < 4) break;
      length = (byte_at(2) << 8U) | byte_at(3);
      header = 4;
    } else if (length == 127) {
      if (data.size() - position < 10) break;
      length = 0;
      for (std::size_t i = 2; i < 10; ++i)
        length = (length << 8U) | byte_at(i);
      header = 10;
    }
    if (length > kFrameBytesMax) die("frame too long");
    if (data.size() - position < header + length) break;
    if ((byte_at(0) & 0x0FU) == 1) {
      on_text_(connection.number, std::string_view(data).substr(position + header, length));
    }
    position += header + length;
  }
  data.erase(0, position);
}

}  // namespace moonstone::bench
