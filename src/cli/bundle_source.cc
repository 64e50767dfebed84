// Moonstone. Licence: see LICENSE.
#include "cli/bundle_source.h"

#include <utility>

#include "cli/files.h"
#include "runtime/bundle_file.h"

namespace moonstone::cli {

bool names_bundle_file(const std::string& argument) {
  return !argument.empty() && is_file(argument);
}

Result<runtime::BundlePtr> load_bundle_file(const std::string& path) {
  MS_TRY(const std::string text, read_file(path));
  auto file = runtime::read_bundle_file(text);
  if (!file) return std::move(file).error().with_context(path);
  auto bundle = runtime::load_bundle(std::move(file->source));
  if (!bundle) return std::move(bundle).error().with_context(path);
  return bundle;
}

}  // namespace moonstone::cli
