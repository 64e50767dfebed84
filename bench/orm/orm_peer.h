// Moonstone. Licence: see LICENSE.
#pragma once
// The peer that calls the ORM by its public API (include/moonstone/orm.h).

#include <memory>
#include <string>

#include "bench/orm/peer.h"

namespace moonstone::bench {

[[nodiscard]] std::unique_ptr<Peer> make_orm_peer(const std::string& path);

}  // namespace moonstone::bench
