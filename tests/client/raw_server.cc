// Moonstone. Licence: see LICENSE.
#include "tests/client/raw_server.h"

#include <array>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/sha.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/encoding.h"

namespace moonstone::client::testing {
namespace {

std::string accept_key(std::string_view head) {
  constexpr std::string_view kName = "Sec-WebSocket-Key: ";
  const std::size_t at = head.find(kName) + kName.size();
  std::string text(head.substr(at, head.find("\r\n", at) - at));
  text += "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest{};
  ::SHA1(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return to_base64({reinterpret_cast<const char*>(digest.data()), digest.size()});
}

}  // namespace

std::string server_frame(int first_byte, std::string_view payload) {
  std::string frame(1, static_cast<char>(first_byte));
  const std::size_t size = payload.size();
  if (size < 126) {
    frame += static_cast<char>(size);
  } else if (size <= 0xFFFF) {
    frame += '\x7E';
    frame += static_cast<char>(size >> 8U);
    frame += static_cast<char>(size & 0xFFU);
  } else {
    frame += '\x7F';
    for (int shift = 56; shift >= 0; shift -= 8)
      frame += static_cast<char>((size >> static_cast<unsigned>(shift)) & 0xFFU);
  }
  return frame.append(payload);
}

RawPeer::~RawPeer() {
  if (tls_ != nullptr) ::SSL_free(tls_);
  if (fd_ >= 0) ::close(fd_);
}

bool RawPeer::need(std::size_t bytes) {
  while (buffer_.size() < bytes) {
    std::array<char, 4096> piece{};
    const int size = static_cast<int>(piece.size());
    const ssize_t count = tls_ != nullptr ? ::SSL_read(tls_, piece.data(), size)
                                          : ::recv(fd_, piece.data(), piece.size(), 0);
    if (count <= 0) return false;
    buffer_.append(piece.data(), static_cast<std::size_t>(count));
  }
  return true;
}

std::string RawPeer::head() {
  std::size_t end = std::string::npos;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
    if (!need(buffer_.size() + 1)) return "";
  }
  std::string head = buffer_.substr(0, end + 4);
  buffer_.erase(0, end + 4);
  return head;
}

void RawPeer::upgrade() {
  const std::string request = head();
  ASSERT_TRUE(request.starts_with("GET /ws HTTP/1.1\r\n")) << request;
  send(
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
      "Sec-WebSocket-Accept: " +
      accept_key(request) + "\r\n\r\n");
}

void RawPeer::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = tls_ != nullptr
                              ? ::SSL_write(tls_, bytes.data(), static_cast<int>(bytes.size()))
                              : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::optional<std::pair<int, std::string>> RawPeer::frame() {
  if (!need(2)) return std::nullopt;
  const auto byte = [this](std::size_t i) { return static_cast<unsigned char>(buffer_[i]); };
  EXPECT_NE(byte(1) & 0x80, 0) << "a client masks";
  std::size_t size = byte(1) & 0x7FU;
  std::size_t head = 2;
  if (size >= 126) {
    const std::size_t bytes = size == 126 ? 2 : 8;
    if (!need(head + bytes)) return std::nullopt;
    size = 0;
    for (std::size_t i = 0; i < bytes; ++i)
      size = (size << 8U) | byte(head + i);
    head += bytes;
  }
  if (!need(head + 4 + size)) return std::nullopt;
  const std::string mask = buffer_.substr(head, 4);
  std::pair<int, std::string> frame(byte(0), buffer_.substr(head + 4, size));
  for (std::size_t i = 0; i < size; ++i)
    frame.second[i] = static_cast<char>(frame.second[i] ^ mask[i % 4]);
  buffer_.erase(0, head + 4 + size);
  return frame;
}

std::optional<std::string> RawPeer::text() {
  while (auto next = frame()) {
    if (next->first == 0x81) return std::move(next->second);
  }
  return std::nullopt;
}

RawServer::RawServer() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), size), 0);
  EXPECT_EQ(::listen(fd_, 16), 0);
  EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
  port_ = ntohs(address.sin_port);
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
}

RawServer::~RawServer() {
  ::close(fd_);
}

std::string RawServer::url(std::string_view scheme, std::string_view host) {
  return std::string(scheme) + "://" + std::string(host) + ":" + std::to_string(port_) + "/ws";
}

RawPeer RawServer::accept(ssl_ctx_st* tls) const {
  const int fd = ::accept4(fd_, nullptr, nullptr, SOCK_CLOEXEC);
  EXPECT_GE(fd, 0) << "nobody came";
  const timeval patience{.tv_sec = kPatience.count(), .tv_usec = 0};
  ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
  if (tls == nullptr) return {fd, nullptr};
  ssl_st* const session = ::SSL_new(tls);
  ::SSL_set_fd(session, fd);
  ::SSL_accept(session);
  return {fd, session};
}

}  // namespace moonstone::client::testing
