// Moonstone. Licence: see LICENSE.
// Any query string of a link to a file: nobody gets at a private one who does not know the secret.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/clock.h"
#include "files/file_links.h"

namespace files = moonstone::files;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view query(reinterpret_cast<const char*>(data), size);
  static_cast<void>(files::query_parameter(query, "token"));
  files::LinkOptions options;
  options.access = files::Access::Signed;
  const files::FileLinks links("a secret that is in no file of the corpus", options,
                               moonstone::system_random());
  MS_CHECK(!links.check("_storage/x", query, 0), "nobody knows this secret");
  return 0;
}
