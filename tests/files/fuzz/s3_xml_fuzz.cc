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
  using namespace moonstone::files;  // NOLINT(google-build-using-namespace): a test program
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto page = parse_object_page(text)) {
    for (const ListedObject& object : page->objects) {
      const std::string document =
          "<ListBucketResult><Contents><Key>" + escape_xml(object.key) +
          "</Key></Contents></ListBucketResult>";
      const auto again = parse_object_page(document);
      if (!again || again->objects.at(0).key != object.key) std::abort();
    }
  }
  parse_upload_page(text).ignore("only that it returns");
  parse_upload_id(text).ignore("only that it returns");
  static_cast<void>(error_text_of(text));
  static_cast<void>(query_parameter(text, "token"));
  return 0;
}
