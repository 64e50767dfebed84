// Moonstone. Licence: see LICENSE.
#include "protocol/functions/due_note.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kNever = "never";
/// Due at once.
constexpr std::int64_t kNow = 0;

std::string note_path(const std::string& folder) {
  return folder + "/next-due";
}

}  // namespace

std::optional<std::int64_t> read_due_note(const std::string& folder) {
  std::ifstream file(note_path(folder));
  std::string word;
  if (!(file >> word)) return kNow;
  if (word == kNever) return std::nullopt;
  std::int64_t due = kNow;
  const auto parsed = std::from_chars(word.data(), word.data() + word.size(), due);
  const bool is_whole = parsed.ec == std::errc() && parsed.ptr == word.data() + word.size();
  return is_whole ? due : kNow;
}

Status write_due_note(const std::string& folder, std::optional<std::int64_t> due) {
  // A note that was written in part must not be taken for one: it is renamed into place.
  const std::string path = note_path(folder);
  const std::string fresh = path + ".new";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << (due ? std::to_string(*due) : std::string(kNever)) << '\n';
    if (!file.flush()) return Error(ErrorCode::Unavailable, "cannot write " + fresh);
  }
  std::error_code failed;
  std::filesystem::rename(fresh, path, failed);
  if (failed) {
    return Error(ErrorCode::Unavailable, "cannot write " + path + ": " + failed.message());
  }
  return {};
}

void forget_due_note(const std::string& folder) {
  std::error_code ignored;
  std::filesystem::remove(note_path(folder), ignored);
}

}  // namespace moonstone::protocol::functions
