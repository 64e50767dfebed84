// Moonstone. Licence: see LICENSE.
// The way into reads.

#include <fmt/format.h>

#include "orm/internal/core.h"

namespace moonstone::orm {

Result<Outcome> run_read(const Core& /*core*/,
                         engine::DocumentReader& /*reader*/,
                         const ModelCall& call) {
  return Error(ErrorCode::Unimplemented,
               fmt::format("{}() is not there yet", name_of(call.method)));
}

}  // namespace moonstone::orm
