// Moonstone. Licence: see LICENSE.
#pragma once
// Whole files in and out, with errors that name the path.
// Threads: pure functions on the file system.

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace moonstone::cli {

/// A source file or a bundle beyond this is a mistake (a database, a video).
inline constexpr std::size_t kFileBytesMax = std::size_t{64} * 1024 * 1024;

/// What some editors write before a text in UTF-8.
inline constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

/// Errors: NotFound, LimitExceeded, Unavailable; each names the path.
[[nodiscard]] Result<std::string> read_file(const std::string& path);

/// Writes through a temporary file beside it, so that a reader sees the old or the new text only.
/// Makes missing folders.
[[nodiscard]] Status write_file(const std::string& path, std::string_view text);

/// Whether write_if_changed had to write.
enum class Written : unsigned char { No, Yes };
/// Leaves a file with the same text alone, so that tools that watch it stay quiet.
[[nodiscard]] Result<Written> write_if_changed(const std::string& path, std::string_view text);

/// `path` as seen from `folder`, for people: short where it is below, else absolute.
[[nodiscard]] std::string shown_path(const std::string& path, const std::string& folder);

[[nodiscard]] bool is_file(const std::string& path);
[[nodiscard]] bool is_folder(const std::string& path);

}  // namespace moonstone::cli
