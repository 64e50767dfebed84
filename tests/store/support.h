// Moonstone. Licence: see LICENSE.
#pragma once
// What the tests of the store share: a folder that goes away, and the seed of random tests.
// Threads: confined.

#include <cstdint>
#include <filesystem>
#include <string>

namespace moonstone::store {

/// A fresh folder under the system's temporary one, removed with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  [[nodiscard]] std::string file(std::string_view name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

/// MOONSTONE_SEED, or a fresh one. Prints it, so that a failure can be run again.
[[nodiscard]] std::uint64_t announced_seed();

}  // namespace moonstone::store
