// Moonstone. Licence: see LICENSE.
// The way into writes.

#include <fmt/format.h>

#include "orm/internal/core.h"

namespace moonstone::orm {

Result<Outcome> run_write(const Core& /*core*/,
                          engine::Transaction& /*transaction*/,
                          const ModelCall& call,
                          Effects& /*effects*/) {
  return Error(ErrorCode::Unimplemented,
               fmt::format("{}() is not there yet", name_of(call.method)));
}

}  // namespace moonstone::orm
