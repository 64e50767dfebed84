// Moonstone. Licence: see LICENSE.
#include "base/byte_stream.h"

#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace moonstone {
namespace {

Result<std::string> read_now(const ByteStreamPtr& stream, std::size_t bytes_max) {
  std::optional<Result<std::string>> outcome;
  read_all(stream, bytes_max, [&](Result<std::string> whole) { outcome = std::move(whole); });
  return std::move(outcome).value();
}

TEST(ByteStream, AStreamOfTextGivesPiecesAndThenTheEnd) {
  const std::string text(kStreamPieceBytesMax + 10, 'x');
  const ByteStreamPtr stream = stream_of(text);
  std::vector<std::size_t> sizes;
  for (int i = 0; i < 4; ++i) {
    stream->read([&](const Result<std::string>& piece) { sizes.push_back(piece->size()); });
  }
  EXPECT_EQ(sizes, (std::vector<std::size_t>{kStreamPieceBytesMax, 10, 0, 0}));
}

TEST(ByteStream, ReadAllHasALimit) {
  EXPECT_EQ(read_now(stream_of(std::string(100, 'x')), 100).value(), std::string(100, 'x'));
  EXPECT_EQ(read_now(stream_of(""), 0).value(), "");
  const auto refused = read_now(stream_of(std::string(101, 'x')), 100);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::LimitExceeded);
  EXPECT_EQ(refused.error().reason(), "body_bytes");
}

}  // namespace
}  // namespace moonstone
