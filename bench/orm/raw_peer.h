// Moonstone. Licence: see LICENSE.
#pragma once
// The peer that uses prepared statements of SQLite as one writes them by hand.

#include <memory>
#include <string>

#include "bench/orm/peer.h"

namespace moonstone::bench {

[[nodiscard]] std::unique_ptr<Peer> make_raw_peer(const std::string& path);

}  // namespace moonstone::bench
