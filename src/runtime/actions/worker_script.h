// Moonstone. Licence: see LICENSE.
#pragma once
// The script that a worker process runs: worker/*.js as one ES module.
// Threads: pure.

#include <string>

namespace moonstone::actions {

[[nodiscard]] std::string worker_script();

}  // namespace moonstone::actions
