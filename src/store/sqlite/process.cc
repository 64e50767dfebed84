// Moonstone. Licence: see LICENSE.
#include "store/sqlite/process.h"

#include <sqlite3.h>

namespace moonstone::store {

void prepare_sqlite_process() {
  // A refusal means that somebody was faster; then all is as it always is.
  static_cast<void>(sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0));
}

}  // namespace moonstone::store
