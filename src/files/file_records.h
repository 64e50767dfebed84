// Moonstone. Licence: see LICENSE.
#pragma once
// The rows that make stored bytes a file, and the tokens that allow an upload.
//
// A file exists for users if and only if its row in `_storage` was committed. Since rows are
// ordinary ones of a table of the system, reading them is recorded and live queries follow them.
// An upload token is a row in `_uploads`: it is valid only if its mutation was committed, survives
// a restart, and can be taken once. The row holds a digest, so that neither the change log nor an
// export lets anyone upload.
// Threads: as DocumentReader and Transaction.
// Source: functions.md section 13 and 21.22.

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "engine/transaction.h"
#include "schema/schema.h"

namespace moonstone::files {

inline constexpr std::string_view kFileTable = "_storage";
inline constexpr std::string_view kUploadTable = "_uploads";
/// Storage ids are this and a UUID, the key of the object.
inline constexpr std::string_view kStorageIdPrefix = "_storage/";
/// How long an upload may be started after its URL was made.
inline constexpr std::int64_t kUploadTokenMs = 60'000;
/// Of a content type; longer ones are not meant for anybody.
inline constexpr std::size_t kContentTypeBytesMax = 255;
inline constexpr std::string_view kDefaultContentType = "application/octet-stream";

/// The tables of this module, for every schema that is put into force.
[[nodiscard]] std::vector<schema::Table> tables();

struct FileRecord {
  std::string storage_id;
  std::string sha256;  // 64 lower-case hex digits
  std::string content_type;
  std::uint64_t size = 0;
};

/// A random UUID, lower case.
[[nodiscard]] std::string make_uuid(Random& random);

/// The key of the object, or empty if the text cannot be a storage id.
[[nodiscard]] std::string_view key_of_storage_id(std::string_view storage_id);

/// The type to be stored: the default for an empty one. Errors: InvalidArgument (reason
/// "content_type") for control characters, text beyond ASCII, and more than kContentTypeBytesMax.
[[nodiscard]] Result<std::string> check_content_type(std::string_view content_type);

[[nodiscard]] Result<std::optional<FileRecord>> find_record(engine::DocumentReader& reader,
                                                            std::string_view storage_id);
/// At most `limit` records with ids after `after`, by storage id.
[[nodiscard]] Result<std::vector<FileRecord>> read_records(engine::DocumentReader& reader,
                                                           std::string_view after,
                                                           std::size_t limit);
/// Errors: AlreadyExists.
[[nodiscard]] Status insert_record(engine::Transaction& transaction, const FileRecord& record);
/// No error if there is none. The bytes go after the commit, by whom observes it.
[[nodiscard]] Status erase_record(engine::Transaction& transaction, std::string_view storage_id);
/// The record that a row of kFileTable holds.
[[nodiscard]] FileRecord record_of(const query::Row& row);

/// Makes a token for one upload, and deletes a few that have expired.
[[nodiscard]] Result<std::string> make_upload_token(engine::Transaction& transaction,
                                                    Random& random);
/// Uses the token up. Errors: PermissionDenied (reason "upload_token").
[[nodiscard]] Status take_upload_token(engine::Transaction& transaction, std::string_view token);

}  // namespace moonstone::files
