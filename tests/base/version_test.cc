// Moonstone. Licence: see LICENSE.
#include "base/version.h"

#include <fstream>
#include <string>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

TEST(VersionTest, IsWhatTheVersionFileSays) {
  std::ifstream file(MS_SOURCE_DIR "/VERSION");
  std::string expected;
  ASSERT_TRUE(file >> expected);
  EXPECT_EQ(version(), expected);
}

}  // namespace
}  // namespace moonstone
