// Moonstone. Licence: see LICENSE.
#pragma once
// The sockets of a loop, for the loop's own file.
// Threads: confined to the thread of the io_context.

#include <map>
#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ssl/context.hpp>

#include "client/io_loop.h"

namespace moonstone::client {

/// Whom to trust, by the file that says so (empty: the system's). Each is read once: it takes some
/// 10 ms, which thousands of clients that come back at once would spend one after the other.
class TlsContexts {
 public:
  /// Null with `failure` set if the file cannot be read. It is tried again the next time.
  [[nodiscard]] boost::asio::ssl::context* find(const std::string& certificate_authorities,
                                                boost::system::error_code& failure);

 private:
  std::map<std::string, std::unique_ptr<boost::asio::ssl::context>> by_file_;
};

/// Begins to connect. The result lives at least as long as its operations.
/// Lifetime: as IoLoop::open_socket says.
[[nodiscard]] std::shared_ptr<Socket> open_web_socket(boost::asio::io_context& io,
                                                      TlsContexts& contexts,
                                                      const SocketRequest& request,
                                                      SocketEvents& events);

}  // namespace moonstone::client
