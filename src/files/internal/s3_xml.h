// Moonstone. Licence: see LICENSE.
#pragma once
// What buckets answer, as far as we read it.
//
// A reader of elements and text, enough for S3's small documents: attributes, comments and
// processing instructions are skipped, DTDs are refused. Malformed input is an error, never fatal,
// as a bucket may be anyone's.
// Threads: pure functions.

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace moonstone::files {

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  std::int64_t modified_unix_ms = 0;
};
struct ObjectPage {
  std::vector<ListedObject> objects;
  std::string next;  // the continuation token; empty: the last page
};
/// The answer to ListObjectsV2. Errors: Corruption.
[[nodiscard]] Result<ObjectPage> parse_object_page(std::string_view xml);

struct ListedUpload {
  std::string key;
  std::string upload_id;
  std::int64_t initiated_unix_ms = 0;
};
struct UploadPage {
  std::vector<ListedUpload> uploads;
  std::string next_key;  // empty: the last page
  std::string next_upload_id;
};
/// The answer to ListMultipartUploads. Errors: Corruption.
[[nodiscard]] Result<UploadPage> parse_upload_page(std::string_view xml);

/// The answer to CreateMultipartUpload. Errors: Corruption.
[[nodiscard]] Result<std::string> parse_upload_id(std::string_view xml);

/// `Code: Message` of an error document; empty if it is none.
[[nodiscard]] std::string error_text_of(std::string_view xml);

[[nodiscard]] std::string escape_xml(std::string_view text);

}  // namespace moonstone::files
