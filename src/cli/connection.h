// Moonstone. Licence: see LICENSE.
#pragma once
// Connection: a TCP connection to a server, over TLS for https:// and wss://, each step of which is
// bounded in time.
// Threads: confined; its functions block their caller.

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"

struct addrinfo;

namespace moonstone::cli {

struct Url {
  enum class Security : unsigned char { Plain, Tls } security = Security::Plain;
  std::string host;  // without brackets
  std::string port = "80";
  std::string path;  // begins with '/'; "/" if there is none

  /// "host:port", the host in brackets where it needs them.
  [[nodiscard]] std::string authority() const;
};

/// Takes http:// and https:// addresses apart. Errors: InvalidArgument naming the URL and what is
/// wrong.
[[nodiscard]] Result<Url> parse_url(std::string_view text);

class Connection {
 public:
  Connection();
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  /// No step after this takes longer. `max()`: no limit.
  void set_deadline(std::chrono::steady_clock::time_point deadline);

  /// Tries every address of the host, as `localhost` may be ::1 and 127.0.0.1. With TLS the server
  /// must show a certificate for the host that the system trusts.
  /// Errors: Unavailable, DeadlineExceeded; PermissionDenied (the certificate).
  [[nodiscard]] Status connect(const Url& url);
  [[nodiscard]] Status send(std::string_view bytes);
  /// Appends what has arrived, at least one byte; false at the end of the stream.
  [[nodiscard]] Result<bool> receive(std::string& into);

 private:
  class Tls;
  Status connect_to(const addrinfo& address);
  Status wait(short events);

  int socket_ = -1;
  std::chrono::steady_clock::time_point deadline_ = std::chrono::steady_clock::time_point::max();
  std::unique_ptr<Tls> tls_;  // null: plain
};

}  // namespace moonstone::cli
