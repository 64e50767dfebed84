// Moonstone. Licence: see LICENSE.
#include <algorithm>

#include "base/encoding.h"
#include "protocol/functions/tenants.h"

namespace moonstone::protocol::functions {
namespace {

/// A file name has at most 255 bytes, and an encoded one takes two for each.
constexpr std::size_t kSlugBytesMax = 100;
/// No plain name begins with it.
constexpr std::string_view kEncodedPrefix = "=";

bool is_plain(std::string_view slug) {
  return slug.front() != '-' && std::ranges::all_of(slug, [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
         });
}

}  // namespace

Result<std::string> tenant_folder_name(std::string_view slug) {
  if (slug.empty() || slug.size() > kSlugBytesMax) {
    return Error(ErrorCode::InvalidArgument,
                 "a tenant's name has 1 to " + std::to_string(kSlugBytesMax) + " bytes");
  }
  if (!is_utf8(slug))
    return Error(ErrorCode::InvalidArgument, "a tenant's name must be UTF-8 text");
  if (is_plain(slug)) return std::string(slug);
  return std::string(kEncodedPrefix) + to_hex(slug);
}

std::optional<std::string> tenant_slug_of(std::string_view folder_name) {
  std::string slug(folder_name);
  if (folder_name.starts_with(kEncodedPrefix)) {
    const std::optional<std::string> bytes = from_hex(folder_name.substr(kEncodedPrefix.size()));
    if (!bytes) return std::nullopt;
    slug = *bytes;
  }
  // Only the name that the slug would be given counts: nothing is found under two names.
  const Result<std::string> name = tenant_folder_name(slug);
  if (!name || *name != folder_name) return std::nullopt;
  return slug;
}

}  // namespace moonstone::protocol::functions
