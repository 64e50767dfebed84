// Moonstone. Licence: see LICENSE.
#pragma once
// RawPeer: SQLite through prepared statements, with the tables, indexes and log that Moonstone
// makes of the same schema, and the checkpoints that SQLite makes by itself. What a program would
// do that needs nothing else. Threads: confined.

#include <memory>
#include <string>

#include "bench/engine/peer.h"

namespace moonstone::bench {

[[nodiscard]] std::unique_ptr<Peer> make_raw_peer(const std::string& path);

}  // namespace moonstone::bench
