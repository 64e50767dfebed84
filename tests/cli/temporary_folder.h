// Moonstone. Licence: see LICENSE.
#pragma once
// A folder of one test, deleted with everything in it when the test ends.

#include <filesystem>
#include <string>
#include <string_view>

#include <stdlib.h>

#include "cli/files.h"
#include "gtest/gtest.h"

namespace moonstone::cli {

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "moonstone-cli-XXXXXX").string();
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = std::filesystem::canonical(pattern).string();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string operator/(std::string_view name) const {
    return path_ + "/" + std::string(name);
  }
  void write(std::string_view name, std::string_view text) const {
    const Status written = write_file(*this / name, text);
    EXPECT_TRUE(written) << written.error().message();
  }
  [[nodiscard]] std::string read(std::string_view name) const {
    return read_file(*this / name).value_or("(missing)");
  }

 private:
  std::string path_;
};

}  // namespace moonstone::cli
