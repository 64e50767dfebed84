// Moonstone. Licence: see LICENSE.
// Any text as the name of a tenant and as a Host header: a folder that stays in its place and has
// one name, and a host that is ours only if nobody else can own it.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "protocol/functions/admin_routes.h"
#include "protocol/functions/tenants.h"

namespace functions = moonstone::protocol::functions;

namespace {

void check_folder(std::string_view slug) {
  const auto name = functions::tenant_folder_name(slug);
  if (!name) return;
  MS_CHECK(!name->empty() && name->size() <= 255, "a folder's name has a length");
  MS_CHECK(name->find_first_of(std::string_view("/\\.\0", 4)) == std::string::npos,
           "a folder stays in its place");
  MS_CHECK(functions::tenant_slug_of(*name) == slug, "a tenant has one folder");
}

void check_host(std::string_view host) {
  if (!functions::is_own_host(host, {})) return;
  const std::string_view name = host.substr(0, host.find(':'));
  const bool is_number = name.find_first_not_of("0123456789.") == std::string_view::npos;
  const bool has_localhost = name.size() >= 9;
  MS_CHECK(is_number || host.starts_with('[') || has_localhost, "somebody may own this name");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_folder(text);
  static_cast<void>(functions::tenant_slug_of(text));
  check_host(text);
  return 0;
}
