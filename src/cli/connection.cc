// Moonstone. Licence: see LICENSE.
#include "cli/connection.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdint>
#include <limits>
#include <system_error>
#include <utility>

#include <fmt/format.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace moonstone::cli {
namespace {

using std::chrono::steady_clock;

/// Bytes that one read takes at most.
constexpr std::size_t kReadBytes = std::size_t{16} * 1024;

Error unavailable(int code) {
  return {ErrorCode::Unavailable, std::generic_category().message(code)};
}

bool is_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() && port != 0;
}

/// The reason OpenSSL gives for its last failure.
std::string tls_reason() {
  const unsigned long code = ::ERR_get_error();
  const char* const reason = code == 0 ? nullptr : ::ERR_reason_error_string(code);
  return reason == nullptr ? "the connection was cut off" : reason;
}

}  // namespace

/// TLS over a connected socket that does not block.
class Connection::Tls {
 public:
  explicit Tls(int socket) : context_(::SSL_CTX_new(::TLS_client_method()), ::SSL_CTX_free) {
    // OpenSSL writes in a way that would end the program when the other side has gone.
    static_cast<void>(::signal(SIGPIPE, SIG_IGN));
    ::SSL_CTX_set_default_verify_paths(context_.get());
    ::SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    ssl_.reset(::SSL_new(context_.get()));
    ::SSL_set_fd(ssl_.get(), socket);
  }

  /// What to wait for before the same call is made again; 0: it is done.
  using Step = Result<short>;

  Status expect(const std::string& host) {
    if (::X509_VERIFY_PARAM_set1_ip_asc(::SSL_get0_param(ssl_.get()), host.c_str()) == 1) return {};
    // The macro of OpenSSL casts in the C way.
    ::SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
               const_cast<char*>(host.c_str()));
    if (::SSL_set1_host(ssl_.get(), host.c_str()) == 1) return {};
    return Error(ErrorCode::InvalidArgument, "the host cannot stand in a certificate");
  }

  Step shake_hands() {
    const int outcome = ::SSL_connect(ssl_.get());
    if (outcome == 1) return short{0};
    const long verified = ::SSL_get_verify_result(ssl_.get());
    if (verified != X509_V_OK) {
      return Error(ErrorCode::PermissionDenied,
                   fmt::format("the server's certificate is not accepted: {}",
                               ::X509_verify_cert_error_string(verified)));
    }
    return what_next(outcome);
  }

  Step send(std::string_view& bytes) {
    const int piece =
        static_cast<int>(std::min<std::size_t>(bytes.size(), std::numeric_limits<int>::max()));
    const int count = ::SSL_write(ssl_.get(), bytes.data(), piece);
    if (count <= 0) return what_next(count);
    bytes.remove_prefix(static_cast<std::size_t>(count));
    return short{0};
  }

  /// An end of the stream appends nothing.
  Step receive(std::string& into) {
    std::array<char, kReadBytes> buffer{};
    const int count = ::SSL_read(ssl_.get(), buffer.data(), static_cast<int>(buffer.size()));
    if (count <= 0 && ::SSL_get_error(ssl_.get(), count) == SSL_ERROR_ZERO_RETURN) return short{0};
    if (count <= 0) return what_next(count);
    into.append(buffer.data(), static_cast<std::size_t>(count));
    return short{0};
  }

 private:
  Step what_next(int outcome) {
    const int problem = ::SSL_get_error(ssl_.get(), outcome);
    if (problem == SSL_ERROR_WANT_READ) return short{POLLIN};
    if (problem == SSL_ERROR_WANT_WRITE) return short{POLLOUT};
    return Error(ErrorCode::Unavailable, fmt::format("TLS: {}", tls_reason()));
  }

  std::unique_ptr<SSL_CTX, void (*)(SSL_CTX*)> context_;
  std::unique_ptr<SSL, void (*)(SSL*)> ssl_{nullptr, ::SSL_free};
};

Connection::Connection() = default;

Connection::~Connection() {
  tls_.reset();
  if (socket_ >= 0) ::close(socket_);
}

void Connection::set_deadline(steady_clock::time_point deadline) {
  deadline_ = deadline;
}

Status Connection::connect(const Url& url) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int failed = ::getaddrinfo(url.host.c_str(), url.port.c_str(), &hints, &found);
  if (failed != 0) return Error(ErrorCode::Unavailable, ::gai_strerror(failed));
  const std::unique_ptr<addrinfo, void (*)(addrinfo*)> addresses(found, ::freeaddrinfo);
  Status outcome = Error(ErrorCode::Unavailable, "the host has no address");
  for (const addrinfo* address = addresses.get(); address != nullptr; address = address->ai_next) {
    outcome = connect_to(*address);
    if (outcome) break;
  }
  if (!outcome || url.security == Url::Security::Plain) return outcome;
  tls_ = std::make_unique<Tls>(socket_);
  MS_TRY_STATUS(tls_->expect(url.host));
  while (true) {
    MS_TRY(const short events, tls_->shake_hands());
    if (events == 0) return {};
    MS_TRY_STATUS(wait(events));
  }
}

Status Connection::connect_to(const addrinfo& address) {
  if (socket_ >= 0) ::close(socket_);
  socket_ = ::socket(address.ai_family, address.ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK,
                     address.ai_protocol);
  if (socket_ < 0) return unavailable(errno);
  if (::connect(socket_, address.ai_addr, address.ai_addrlen) == 0) return {};
  if (errno != EINPROGRESS) return unavailable(errno);
  MS_TRY_STATUS(wait(POLLOUT));
  int failed = 0;
  socklen_t size = sizeof(failed);
  ::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &failed, &size);
  if (failed != 0) return unavailable(failed);
  return {};
}

Status Connection::send(std::string_view bytes) {
  while (!bytes.empty()) {
    if (tls_ != nullptr) {
      MS_TRY(const short events, tls_->send(bytes));
      if (events != 0) MS_TRY_STATUS(wait(events));
      continue;
    }
    MS_TRY_STATUS(wait(POLLOUT));
    const ssize_t count = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return unavailable(errno);
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
  return {};
}

Result<bool> Connection::receive(std::string& into) {
  const std::size_t before = into.size();
  std::array<char, kReadBytes> buffer{};
  while (true) {
    if (tls_ != nullptr) {
      MS_TRY(const short events, tls_->receive(into));
      if (events == 0) return into.size() > before;
      MS_TRY_STATUS(wait(events));
      continue;
    }
    MS_TRY_STATUS(wait(POLLIN));
    const ssize_t count = ::recv(socket_, buffer.data(), buffer.size(), 0);
    if (count < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (count < 0) return unavailable(errno);
    into.append(buffer.data(), static_cast<std::size_t>(count));
    return count > 0;
  }
}

Status Connection::wait(short events) {
  while (true) {
    int patience = -1;
    if (deadline_ != steady_clock::time_point::max()) {
      const auto left =
          std::chrono::duration_cast<std::chrono::milliseconds>(deadline_ - steady_clock::now());
      if (left.count() <= 0) return Error(ErrorCode::DeadlineExceeded, "no answer in time");
      patience = static_cast<int>(left.count());
    }
    pollfd waits{.fd = socket_, .events = events, .revents = 0};
    if (::poll(&waits, 1, patience) > 0) return {};
  }
}

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return fmt::format("{}:{}", is_v6 ? "[" + host + "]" : host, port);
}

Result<Url> parse_url(std::string_view text) {
  const auto refuse = [&](std::string_view why) {
    return Error(ErrorCode::InvalidArgument, fmt::format("{}: {}", text, why));
  };
  constexpr std::string_view kPlain = "http://";
  constexpr std::string_view kTls = "https://";
  Url url;
  const bool is_tls = text.starts_with(kTls);
  if (!is_tls && !text.starts_with(kPlain)) return refuse("expected http://host:port");
  if (is_tls) {
    url.security = Url::Security::Tls;
    url.port = "443";
  }
  std::string_view rest = text.substr((is_tls ? kTls : kPlain).size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  url.path = rest.substr(slash).empty() ? "/" : std::string(rest.substr(slash));
  std::string_view authority = rest.substr(0, slash);
  const bool has_brackets = authority.starts_with('[');
  const std::size_t host_end =
      has_brackets ? authority.find(']') : std::min(authority.rfind(':'), authority.size());
  if (host_end == std::string_view::npos) return refuse("the address has no closing bracket");
  url.host = authority.substr(has_brackets ? 1 : 0, host_end - (has_brackets ? 1 : 0));
  authority.remove_prefix(std::min(host_end + (has_brackets ? 1 : 0), authority.size()));
  if (!authority.empty()) {
    if (authority.front() != ':' || !is_port(authority.substr(1))) return refuse("bad port");
    url.port = authority.substr(1);
  }
  if (url.host.empty()) return refuse("expected http://host:port");
  const auto is_plain = [](char c) { return c > ' ' && c < 0x7F; };
  if (!std::ranges::all_of(url.path, is_plain)) return refuse("bad path");
  return url;
}

}  // namespace moonstone::cli
