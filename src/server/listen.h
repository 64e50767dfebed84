// Moonstone. Licence: see LICENSE.
#pragma once
// Listening and accepting, in plain system calls: the errors of accept() need decisions that a
// library would hide. Threads: pure functions on descriptors.

#include <chrono>
#include <cstdint>
#include <string>

#include "base/result.h"
#include "server/descriptor.h"

namespace moonstone::server {

struct Listening {
  Descriptor descriptor;
  std::uint16_t port = 0;  // the real one, also where 0 was asked for
};

/// Errors: Unavailable; the message names the address and the way out.
[[nodiscard]] Result<Listening> listen_on(const std::string& host, std::uint16_t port);

/// Who is at the other end of a connection.
struct Peer {
  std::string address;
  bool from_loopback = false;
  bool is_v6 = false;
};

struct Accepted {
  Descriptor descriptor;
  Peer peer;
};

enum class AcceptOutcome : unsigned char {
  Accepted,
  Empty,      // nobody is waiting
  Again,      // that one left before it was accepted
  Exhausted,  // no descriptors or memory: back off, connections close in the meantime
};

/// Takes one waiting connection; it is non-blocking, without Nagle's delay, and probed by TCP
/// keepalive, so that a peer that vanished is noticed within two minutes. What it leaves untaken
/// for `unread_max` ends it, too.
[[nodiscard]] AcceptOutcome accept_one(int listener,
                                       std::chrono::milliseconds unread_max,
                                       Accepted& accepted);

}  // namespace moonstone::server
