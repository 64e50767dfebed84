// Moonstone. Licence: see LICENSE.
#pragma once
// EnginePeer: the same work through engine::Database, without JavaScript. Threads: confined.

#include <memory>
#include <string>

#include "bench/engine/peer.h"

namespace moonstone::bench {

[[nodiscard]] std::unique_ptr<Peer> make_engine_peer(const std::string& path);

}  // namespace moonstone::bench
