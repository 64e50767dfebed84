// Moonstone. Licence: see LICENSE.
// Checking a database file from the outside.

#include <memory>

#include <fmt/format.h>
#include <sqlite3.h>

#include "store/sqlite/sqlite_store.h"

namespace moonstone::store {
namespace {

/// Problems that are reported; a torn file has thousands.
constexpr int kProblemsMax = 20;

struct CloseDatabase {
  void operator()(sqlite3* database) const { sqlite3_close(database); }
};

int append_problem(void* problems, int /*columns*/, char** values, char** /*names*/) {
  const std::string_view text = values[0] == nullptr ? "" : values[0];
  if (text != "ok") static_cast<std::vector<std::string>*>(problems)->emplace_back(text);
  return 0;
}

}  // namespace

Result<std::vector<std::string>> check_sqlite_file(const std::string& path) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(path.c_str(), &opened, SQLITE_OPEN_READONLY, nullptr);
  const std::unique_ptr<sqlite3, CloseDatabase> database(opened);
  std::vector<std::string> problems;
  const auto run = [&](const std::string& sql) {
    return sqlite3_exec(opened, sql.c_str(), append_problem, &problems, nullptr) == SQLITE_OK;
  };
  // Pages and rows; the contents of indexes on functions of our own are the schema's business.
  if (code == SQLITE_OK && run(fmt::format("PRAGMA quick_check({})", kProblemsMax))) {
    return problems;
  }
  return Error(ErrorCode::Unavailable,
               fmt::format("cannot check {}: {}", path, sqlite3_errmsg(opened)));
}

}  // namespace moonstone::store
