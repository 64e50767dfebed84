// Moonstone. Licence: see LICENSE.
#pragma once
// Another program that has the database file open.
// Threads: confined.

#include <string>

#include <gtest/gtest.h>
#include <sqlite3.h>

namespace moonstone::store {

class OtherProgram {
 public:
  explicit OtherProgram(const std::string& path) {
    EXPECT_EQ(sqlite3_open(path.c_str(), &db_), SQLITE_OK);
    sqlite3_busy_timeout(db_, 10'000);
  }
  OtherProgram(const OtherProgram&) = delete;
  OtherProgram& operator=(const OtherProgram&) = delete;
  ~OtherProgram() { sqlite3_close(db_); }

  void run(const std::string& sql) {
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
  }
  /// The first column of all rows, joined by line feeds.
  std::string text(const std::string& sql) {
    std::string text;
    const auto add = [](void* into, int, char** columns, char**) {
      *static_cast<std::string*>(into) += std::string(columns[0] ? columns[0] : "NULL") + "\n";
      return 0;
    };
    EXPECT_EQ(sqlite3_exec(db_, sql.c_str(), add, &text, nullptr), SQLITE_OK)
        << sqlite3_errmsg(db_);
    return text;
  }

 private:
  sqlite3* db_ = nullptr;
};

}  // namespace moonstone::store
