// Moonstone. Licence: see LICENSE.
#pragma once
// The sockets of a loop, for the loop's own file.
// Threads: confined to the thread of the io_context.

#include <memory>

#include <boost/asio/io_context.hpp>

#include "client/io_loop.h"

namespace moonstone::client {

/// Begins to connect. The result lives at least as long as its operations.
/// Lifetime: as IoLoop::open_socket says.
[[nodiscard]] std::shared_ptr<Socket> open_web_socket(boost::asio::io_context& io,
                                                      const SocketRequest& request,
                                                      SocketEvents& events);

}  // namespace moonstone::client
