// Moonstone. Licence: see LICENSE.
#pragma once
// A small shop to read from: a store file with the tables of a `.lite` schema, filled with SQL, and
// calls whose arguments and answers are JSON.
//
//   Customer  soft delete; address (typed JSON), tags (list), orderCount and hasOrders (derived)
//   Order     of a customer; status, total, note?, createdAt; labels (many to many)
//   Label     name (unique)
//   Page      parent and origin: two relations to itself; isTemplate
//   Article   full text of title and body
//   spending  a view
// Threads: confined.

#include <memory>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "engine/transaction.h"
#include "orm/orm.h"
#include "store/store.h"

namespace moonstone::orm {

/// The catalog of a schema's text; fails the test if it is not valid.
[[nodiscard]] schema::CatalogPtr parse_catalog(std::string_view lite);

extern const std::string_view kShopSchema;
extern const std::string_view kShopRows;

/// A store file that can only be read, apart from run_sql().
class TestDatabase {
 public:
  explicit TestDatabase(schema::CatalogPtr catalog);
  ~TestDatabase();

  void run_sql(std::string_view sql);
  [[nodiscard]] const schema::CatalogPtr& catalog() const;
  [[nodiscard]] store::DocumentSource& source();
  /// The file, for connections of others.
  [[nodiscard]] std::string path() const;
  /// How many statements were compiled so far.
  [[nodiscard]] std::size_t compiled_count() const;
  /// As if the schema had changed: what was compiled so far is stale.
  void make_stale();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

class ShopTest : public testing::Test {
 protected:
  ShopTest();

  [[nodiscard]] Result<Outcome> call(std::string_view model,
                                     std::string_view method,
                                     std::string_view arguments = "{}");
  /// The answer as JSON; of an error its message after "! ".
  [[nodiscard]] std::string read(std::string_view model,
                                 std::string_view method,
                                 std::string_view arguments = "{}");
  /// findMany with this where, ordered by id: the ids, joined by commas; an error as read().
  [[nodiscard]] std::string ids(std::string_view model, std::string_view where);

  TestDatabase database_;
  std::unique_ptr<Orm> orm_;
  query::Footprint footprint_;  // of the last call
};

}  // namespace moonstone::orm
