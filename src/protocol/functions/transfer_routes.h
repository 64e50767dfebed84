// Moonstone. Licence: see LICENSE.
#pragma once
// Documents and files out of a tenant and into it, for `moonstone export` and `import`.
//
//   GET  /__admin/export       every document and the list of files as one snapshot, NDJSON:
//                              {"moonstone":"export",..}, {"table":T} before the documents of T,
//                              {"file":{..}} for each file, {"end":true,..} at the end, or
//                              {"error":..} where it cannot go on
//   GET  /__admin/file?id=     the bytes of a file
//   POST /__admin/import?table=T[&existing=replace|skip][&later=1]   NDJSON, one mutation;
//                              later: the answer names the lines that refer to rows which are not
//                              there yet, instead of refusing all
//   PUT  /__admin/file?id=     stores a file under the id that it had
// Documents are in storage JSON (query/storage_json.h), so that nothing of a value is lost.
// Tables come behind those that they refer to. Views and tables that somebody else makes are left
// out. An export without its last line was cut off.
// Source: docs/deploy.md (backups).

#include "base/executor.h"
#include "protocol/functions/admin_routes.h"
#include "protocol/functions/exchange.h"

namespace moonstone::protocol::functions {

/// Bounds of one import request; those of a project's mutations do not hold for it, since whatever
/// was written once must be readable.
inline constexpr std::size_t kImportLinesMax = 5'000;
inline constexpr std::size_t kImportBytesMax = std::size_t{256} * 1024 * 1024;

/// Whether the body is a file or documents, to be read as a stream. `head` may have a tenant's
/// prefix.
[[nodiscard]] bool carries_import(const HttpRequest& head);

/// `worker` reads the snapshot of an export, piece by piece.
[[nodiscard]] bool route_transfer(Exchange& exchange,
                                  const Administration& rules,
                                  Executor& worker);

}  // namespace moonstone::protocol::functions
