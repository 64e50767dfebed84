// Moonstone. Licence: see LICENSE.
#pragma once
// A store with the models of example_catalog(), and what its tests share.
// Threads: confined to the test's thread.

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "query/select.h"
#include "store/sqlite/sqlite_store.h"
#include "store/store.h"
#include "tests/store/support.h"

namespace moonstone::store {

class ModelStoreTest : public testing::Test {
 protected:
  /// Opens the store and applies the models.
  void SetUp() override;

  [[nodiscard]] SqliteOptions options() const;
  [[nodiscard]] std::string path() const { return folder_.file("data.db"); }
  void open();
  void apply_models();
  [[nodiscard]] Writer& writer() { return store_->writer(); }
  [[nodiscard]] const schema::Table& table(std::string_view name);

  Writer::Begun begin();
  void commit();
  Mark mark();

  [[nodiscard]] Result<Writer::Written> run(const query::WritePlan& plan,
                                            const std::vector<Value>& parameters = {});
  /// In the running transaction.
  void insert(std::string_view table_name, const Object& fields);
  /// Trusted SQL in the running transaction; the first column of all rows, joined by commas.
  std::string sql(std::string_view text);
  [[nodiscard]] std::vector<query::Change> changes_since(const Mark& from);

  TemporaryFolder folder_;
  std::unique_ptr<Store> store_;
};

/// A plan that sets the fields to these values.
[[nodiscard]] query::WritePlan plan_of(query::WritePlan::Kind kind,
                                       std::string_view table,
                                       const Object& fields);
/// Rows whose field has the value.
[[nodiscard]] query::ExprPtr equals(std::string_view field, const Value& value);
/// Gives back these fields.
[[nodiscard]] std::vector<query::Output> fields_out(const std::vector<std::string>& fields);

}  // namespace moonstone::store
