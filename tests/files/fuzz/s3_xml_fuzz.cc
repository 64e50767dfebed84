// Moonstone. Licence: see LICENSE.
// Whatever a bucket answers: no crash, and an escaped key comes back as it was.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "files/file_links.h"
#include "files/internal/s3_xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  namespace files = moonstone::files;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = files::parse_object_page(text)) {
    for (const files::ListedObject& object : page->objects) {
      const std::string document = "<ListBucketResult><Contents><Key>" +
                                   files::escape_xml(object.key) +
                                   "</Key></Contents></ListBucketResult>";
      const auto again = files::parse_object_page(document);
      if (!again || again->objects.at(0).key != object.key) std::abort();
    }
  }
  files::parse_upload_page(text).ignore("only that it returns");
  files::parse_upload_id(text).ignore("only that it returns");
  static_cast<void>(files::error_text_of(text));
  static_cast<void>(files::query_parameter(text, "token"));
  return 0;
}
