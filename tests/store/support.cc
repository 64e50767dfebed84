// Moonstone. Licence: see LICENSE.
#include "tests/store/support.h"

#include <cstdlib>
#include <iostream>
#include <random>

namespace moonstone::store {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) std::abort();
  path_ = pattern;
}

TemporaryFolder::~TemporaryFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::uint64_t announced_seed() {
  const char* given = std::getenv("MOONSTONE_SEED");
  const std::uint64_t seed = given != nullptr ? std::stoull(given) : std::random_device()();
  std::cout << "seed " << seed << " (run again with MOONSTONE_SEED=" << seed << ")\n";
  return seed;
}

}  // namespace moonstone::store
