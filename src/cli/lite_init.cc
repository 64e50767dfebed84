// Moonstone. Licence: see LICENSE.
// moonstone lite init: the files of a new `.lite` project.
#include <array>
#include <filesystem>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "cli/files.h"
#include "cli/lite_commands.h"

namespace moonstone::cli {
namespace {

constexpr std::string_view kSchema = R"lite(/// Somebody who may sign in.
model User {
  id        Int       @id
  email     String    @unique @lower @email
  name      String?
  createdAt DateTime  @default(now())
  updatedAt DateTime  @updatedAt
  deletedAt DateTime?

  @@softDelete
  @@index([email])
}
)lite";

constexpr std::string_view kConfig =
    R"js(// What `moonstone lite` and your program agree on. Paths start from this file.
export default {
  schema: "./schema.lite",
  db: "./development.db",
  migrations: "./migrations",
};
)js";

constexpr std::array<std::pair<std::string_view, std::string_view>, 2> kFiles = {{
    {"schema.lite", kSchema},
    {"litestone.config.js", kConfig},
}};

}  // namespace

Result<std::vector<std::string>> write_missing_lite_files(const LiteFlags& flags) {
  std::vector<std::string> made;
  const auto make = [&](const std::string& path, std::string_view text) -> Status {
    if (is_file(path)) return {};
    MS_TRY_STATUS(write_file(std::filesystem::absolute(path).string(), text));
    made.push_back(path);
    return {};
  };
  // A configuration with the usual paths would be wrong for somebody who names others.
  const bool has_usual_paths =
      flags.config.empty() && flags.schema.empty() && flags.db.empty() && flags.migrations.empty();
  MS_TRY(LitePlaces places, find_lite_places(flags));
  if (has_usual_paths && places.config.empty()) {
    MS_TRY_STATUS(make(std::string(kFiles[1].first), kConfig));
  }
  MS_TRY_STATUS(make(places.schema, kSchema));
  for (const std::filesystem::path& folder :
       {std::filesystem::path(places.migrations), std::filesystem::path(places.db).parent_path()}) {
    if (folder.empty() || std::filesystem::is_directory(folder)) continue;
    std::error_code failure;
    std::filesystem::create_directories(folder, failure);
    if (failure) return Error(ErrorCode::Unavailable, failure.message());
    made.push_back(folder.string());
  }
  return made;
}

ExitCode run_lite_init(const LiteFlags& flags, Terminal& terminal) {
  for (const auto& [name, text] : kFiles) {
    if (flags.force || !is_file(std::string(name))) continue;
    return lite_failure(terminal,
                        Error(ErrorCode::AlreadyExists,
                              fmt::format("{} exists already; --force overwrites it", name)));
  }
  for (const auto& [name, text] : kFiles) {
    if (const Status done = write_file(std::filesystem::absolute(name).string(), text); !done) {
      return lite_failure(terminal, done.error());
    }
    lite_success(terminal, fmt::format("Wrote {}", name));
  }
  std::error_code failure;
  std::filesystem::create_directories("migrations", failure);
  if (failure) {
    return lite_failure(terminal, Error(ErrorCode::Unavailable, failure.message()));
  }
  lite_success(terminal, "Made migrations/");
  terminal.line();
  terminal.line("Next: moonstone lite migrate create first && moonstone lite migrate apply");
  return ExitCode::Success;
}

}  // namespace moonstone::cli
