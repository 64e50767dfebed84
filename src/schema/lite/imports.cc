// Moonstone. Licence: see LICENSE.
//
// Files and what they import. Source: litestone.md 3.5
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <unordered_set>
#include <utility>

#include <fmt/format.h>

#include "schema/lite/internal/pipeline.h"
#include "schema/lite/parse.h"

namespace moonstone::lite {
namespace {

/// Where a NUL byte gives a binary file away.
constexpr std::size_t kInspectedBytes = 512;
constexpr std::string_view kSqliteMagic("SQLite format 3\0", 16);

/// One name for a file, however the imports spell it. Links are not followed.
std::string normal_path(const std::filesystem::path& path) {
  return path.lexically_normal().generic_string();
}

class Importer {
 public:
  Importer(const ParseOptions& options, const FileReader& read, ParseResult& result)
      : options_(options),
        read_(read),
        result_(result),
        all_(options),
        bytes_left_(options.limits.all_bytes_max) {}

  /// Reads the file and, before its own declarations are added, what it imports.
  void load(const std::string& path, std::size_t depth) {
    if (result_.token_error || is_over_ || !seen_.insert(path).second) return;
    const auto file = static_cast<std::uint32_t>(result_.files.size());
    result_.files.push_back(path);
    if (!check_limits(file, depth)) return;
    const std::size_t bytes_max = std::min(options_.limits.file_bytes_max, bytes_left_);
    const auto text = read_(path, bytes_max);
    if (!text) {
      fail(file, describe(path, text.error(), bytes_max));
      return;
    }
    bytes_left_ -= std::min(bytes_left_, text->size());
    if (!check_content(path, *text, file)) return;

    SourceText source(options_);
    if (!source.read(*text, file)) {
      Problem problem = source.failure();
      problem.text = fmt::format("In {}: {}", path, problem.text);
      if (source.is_token_error()) {
        result_.token_error = problem;
        result_.errors = {std::move(problem)};
      } else {
        result_.errors.push_back(std::move(problem));
      }
      return;
    }
    const std::filesystem::path folder = std::filesystem::path(path).parent_path();
    for (const std::string& import : source.schema().imports) {
      load(normal_path(folder / import), depth + 1);
    }
    append_declarations(all_.schema(), std::move(source.schema()));
    for (Problem& problem : source.problems())
      all_.problems().push_back(std::move(problem));
    check_declarations(file);
  }

  [[nodiscard]] SourceText& all() { return all_; }

 private:
  void fail(std::uint32_t file, std::string text) {
    result_.errors.push_back({std::move(text), {file, 0, 0}});
  }

  static std::string describe(const std::string& path, const Error& error, std::size_t bytes_max) {
    if (error.code() == ErrorCode::LimitExceeded) {
      return fmt::format("{} has more than {} bytes", path, bytes_max);
    }
    return "Cannot read file: " + path;
  }

  bool check_limits(std::uint32_t file, std::size_t depth) {
    if (file >= options_.limits.files_max) {
      is_over_ = true;
      fail(file, fmt::format("The schema has more than {} files", options_.limits.files_max));
    } else if (depth > options_.limits.import_depth_max) {
      is_over_ = true;
      fail(file,
           fmt::format("Imports lead more than {} files deep", options_.limits.import_depth_max));
    }
    return !is_over_;
  }

  bool check_content(const std::string& path, std::string_view text, std::uint32_t file) {
    if (text.starts_with(kSqliteMagic)) {
      fail(file,
           fmt::format("{} is an SQLite database, not a schema. Are the schema and the db path "
                       "swapped?",
                       path));
      return false;
    }
    if (text.substr(0, kInspectedBytes).contains('\0')) {
      fail(file, fmt::format("{} is a binary file, not a schema", path));
      return false;
    }
    return true;
  }

  void check_declarations(std::uint32_t file) {
    const Schema& schema = all_.schema();
    const std::size_t count = schema.databases.size() + schema.models.size() + schema.views.size() +
                              schema.enums.size() + schema.functions.size() + schema.traits.size() +
                              schema.types.size();
    if (count <= options_.limits.declarations_max || is_over_) return;
    is_over_ = true;
    fail(file,
         fmt::format("The schema has more than {} declarations", options_.limits.declarations_max));
  }

  const ParseOptions& options_;
  const FileReader& read_;
  ParseResult& result_;
  SourceText all_;
  std::unordered_set<std::string> seen_;
  std::size_t bytes_left_;
  bool is_over_ = false;  // beyond a limit: nothing more is read
};

}  // namespace

Result<std::string> read_file(const std::string& path, std::size_t bytes_max) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return Error(ErrorCode::NotFound, "cannot open " + path);
  std::string content;
  // One byte more than allowed tells a file that is too large from one that just fits.
  char block[16 * 1024];
  while (content.size() <= bytes_max && (file.read(block, sizeof block) || file.gcount() > 0)) {
    content.append(block, static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return Error(ErrorCode::Unavailable, "cannot read " + path);
  if (content.size() > bytes_max) {
    return Error(ErrorCode::LimitExceeded,
                 fmt::format("{} has more than {} bytes", path, bytes_max));
  }
  return content;
}

ParseResult parse_file(const std::string& path,
                       const ParseOptions& options,
                       const FileReader& read) {
  ParseResult result;
  Importer importer(options, read, result);
  importer.load(normal_path(path), 1);
  if (result.errors.empty()) finish(std::move(importer.all()), options, result);
  return result;
}

}  // namespace moonstone::lite
