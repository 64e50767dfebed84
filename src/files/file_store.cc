// Moonstone. Licence: see LICENSE.
#include "files/file_store.h"

#include <algorithm>

namespace moonstone::files {
namespace {

/// Of a UUID; also what URLs of files are recognised by.
constexpr std::size_t kKeyLength = 36;

}  // namespace

bool is_file_key(std::string_view key) {
  return key.size() == kKeyLength && std::ranges::all_of(key, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
         });
}

}  // namespace moonstone::files
