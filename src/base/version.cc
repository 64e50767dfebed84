// Moonstone. Licence: see LICENSE.
#include "base/version.h"

namespace moonstone {

std::string_view version() {
  return MOONSTONE_VERSION;
}

}  // namespace moonstone
