// Moonstone. Licence: see LICENSE.
#include "engine/disk_failure.h"

namespace moonstone::engine {

bool is_disk_failure(const Error& error) {
  return error.code() == ErrorCode::Unavailable && error.reason() == "io_error";
}

Error storage_failed(const Error& cause) {
  return {
      ErrorCode::Unavailable,
      "nothing can be written, since the disk of the database failed: " + cause.message() +
          ". Reads go on; writes are accepted again as soon as the database can be opened anew, "
          "which is tried every few seconds",
      "storage_failed"};
}

Error outcome_unknown(const Error& cause) {
  return {ErrorCode::Unavailable,
          "the disk of the database failed while this was being committed: " + cause.message() +
              ". Whether it was applied is known once the database has been opened anew: look, or "
              "send it again under the same mutation id",
          "outcome_unknown"};
}

}  // namespace moonstone::engine
