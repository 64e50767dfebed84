// Moonstone. Licence: see LICENSE.
#pragma once
// Documents and files out of a tenant and into it, for `moonstone export` and `import`.
//
//   GET  /__admin/export       every document and the list of files as one snapshot, NDJSON:
//                              {"moonstone":"export",..}, {"table":T} before the documents of T,
//                              {"file":{..}} for each file, {"end":true,..} at the end
//   GET  /__admin/file?id=     the bytes of a file
//   POST /__admin/import?table=T[&existing=replace|skip]   NDJSON, one mutation
//   PUT  /__admin/file?id=     stores a file under the id that it had
// Documents are in storage JSON (query/storage_json.h), so that nothing of a value is lost.
// An export without its last line was cut off.
// Source: docs/deploy.md (backups).

#include "base/executor.h"
#include "protocol/functions/admin_routes.h"
#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

/// Documents of one import request; as many as one mutation may write are far more.
inline constexpr std::size_t kImportLinesMax = 5'000;

/// Whether the body is a file, to be read as a stream. `head` may have a tenant's prefix.
[[nodiscard]] bool carries_imported_file(const HttpRequest& head);

/// `worker` reads the snapshot of an export, piece by piece.
[[nodiscard]] bool route_transfer(Exchange& exchange,
                                  const Administration& rules,
                                  Executor& worker);

}  // namespace moonstone::protocol::functions
