// Moonstone. Licence: see LICENSE.
#include "tests/store/migrations/support.h"

#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"

namespace moonstone::store {

schema::CatalogPtr catalog_of(std::string_view text) {
  return catalog_in("main", text);
}

schema::CatalogPtr catalog_in(std::string_view database, std::string_view text) {
  const lite::ParseResult parsed = lite::parse(text);
  EXPECT_TRUE(parsed.valid) << (parsed.errors.empty() ? "" : parsed.errors.front().text);
  if (!parsed.valid) return std::make_shared<schema::Catalog>();
  auto catalog = lite::make_catalog(*parsed.schema, {.database = std::string(database)});
  EXPECT_TRUE(catalog) << message_of(catalog);
  return catalog ? *std::move(catalog) : std::make_shared<schema::Catalog>();
}

Database::Database(const std::string& path) {
  auto opened = RawConnection::open({.path = path});
  EXPECT_TRUE(opened) << message_of(opened);
  if (opened) connection_ = *std::move(opened);
}

void Database::run(std::string_view sql) {
  const Status done = connection_->exec(sql);
  EXPECT_TRUE(done) << message_of(done) << "\n" << sql;
}

std::string Database::rows(std::string_view sql) {
  const auto found = connection_->query(sql);
  EXPECT_TRUE(found) << message_of(found) << "\n" << sql;
  std::string out;
  if (!found) return out;
  for (const std::vector<Value>& row : found->rows)
    out += to_json(Array(row.begin(), row.end())) + "\n";
  return out;
}

AutoMigration Database::migrate(std::string_view schema) {
  auto outcome = auto_migrate({.connection = *connection_, .folder = {}}, *catalog_of(schema));
  EXPECT_TRUE(outcome) << message_of(outcome);
  return outcome ? *std::move(outcome) : AutoMigration();
}

SchemaGap Database::gap(std::string_view schema) {
  auto gap = find_schema_gap({.connection = *connection_, .folder = {}}, *catalog_of(schema));
  EXPECT_TRUE(gap) << message_of(gap);
  return gap ? *std::move(gap) : SchemaGap();
}

}  // namespace moonstone::store
