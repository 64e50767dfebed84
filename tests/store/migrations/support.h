// Moonstone. Licence: see LICENSE.
#pragma once
// What the tests of migrations share: catalogs from text, and a database in memory.
// Threads: confined.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>

#include "base/json.h"
#include "schema/catalog.h"
#include "store/migrations.h"
#include "store/raw_connection.h"
#include "tests/store/support.h"

namespace moonstone::store {

/// The catalog of a `.lite` text; a text with an error fails the test.
[[nodiscard]] schema::CatalogPtr catalog_of(std::string_view text);
/// Its part that lies in one of several databases.
[[nodiscard]] schema::CatalogPtr catalog_in(std::string_view database, std::string_view text);

/// A connection that a test asks without looking at errors: they fail it.
class Database {
 public:
  explicit Database(const std::string& path = ":memory:");
  [[nodiscard]] RawConnection& connection() { return *connection_; }
  void run(std::string_view sql);
  /// The rows as JSON arrays, one a line.
  [[nodiscard]] std::string rows(std::string_view sql);
  /// Brings it to the schema; what had to be done.
  AutoMigration migrate(std::string_view schema);
  [[nodiscard]] SchemaGap gap(std::string_view schema);

 private:
  std::unique_ptr<RawConnection> connection_;
};

template <class T>
std::string message_of(const Result<T>& result) {
  return result ? "no error" : result.error().message();
}
template <class T>
std::string reason_of(const Result<T>& result) {
  return result ? "no error" : result.error().reason();
}

}  // namespace moonstone::store
