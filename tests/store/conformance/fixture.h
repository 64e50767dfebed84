// Moonstone. Licence: see LICENSE.
#pragma once
// The conformance suite for stores: what any Store must do, whatever it stands on.
//
// A store takes part by defining databases_under_test() (see tests/store/sqlite_conformance.cc) in
// a test program that lists the sources of this folder.
// Threads: confined to the test's thread unless a test says otherwise.

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "base/result.h"
#include "query/query.h"
#include "schema/schema.h"
#include "store/store.h"

namespace moonstone::store::conformance {

/// One database on its own storage. Only one store may be open at a time.
class DatabaseUnderTest {
 public:
  virtual ~DatabaseUnderTest() = default;
  [[nodiscard]] virtual Result<std::unique_ptr<Store>> open() = 0;
};

using MakeDatabase = std::function<std::unique_ptr<DatabaseUnderTest>()>;

/// The kinds of database that this test program checks; the program defines it.
[[nodiscard]] std::vector<MakeDatabase> databases_under_test();

/// SchemaJSON to Schema; fails the test on a mistake in the text.
[[nodiscard]] schema::Schema schema_of(std::string_view schema_json);

/// "tasks:<ULID>" number `n`: ids ascend with n, one millisecond apart, from 2023 on.
[[nodiscard]] std::string id_of(std::string_view table, std::int64_t n);
[[nodiscard]] std::int64_t time_of(std::int64_t n);

/// A row with the named fields; all others are absent. Values are brought into the stored form.
[[nodiscard]] query::Row row_of(const schema::Schema& schema,
                                std::string_view table,
                                std::string_view id,
                                Object fields);

/// The value of a field of the row; undefined if it is absent.
[[nodiscard]] Value field_of(const query::Row& row, std::string_view field);
[[nodiscard]] std::vector<std::string> ids_of(const std::vector<query::Row>& rows);
[[nodiscard]] query::Query all_of(std::string_view table);

/// The error's code and reason of a failed result, or an empty text.
template <class T>
[[nodiscard]] std::string reason_of(const Result<T>& result) {
  return result ? "" : result.error().reason();
}
template <class T>
[[nodiscard]] std::string message_of(const Result<T>& result) {
  return result ? "" : result.error().message();
}

class StoreConformanceTest : public testing::TestWithParam<MakeDatabase> {
 protected:
  void SetUp() override;

  /// Closes the store and opens it again, as a restart of the program does.
  void reopen();
  void apply(std::string_view schema_json, Writer::AllowDataLoss allow = Writer::AllowDataLoss::No);
  [[nodiscard]] Writer& writer() { return store_->writer(); }
  [[nodiscard]] schema::SchemaPtr schema() { return store_->writer().schema(); }
  [[nodiscard]] const schema::Table& table(std::string_view name);
  [[nodiscard]] query::Row row(std::string_view table_name, std::int64_t n, Object fields);

  /// In the running transaction.
  void insert(std::string_view table_name, std::int64_t n, Object fields);
  /// In a transaction of its own.
  void commit_rows(std::string_view table_name, const std::vector<Object>& rows);
  void begin();
  void commit();

  [[nodiscard]] std::unique_ptr<Reader> reader_at_now();
  [[nodiscard]] std::vector<query::Row> select(DocumentSource& source, const query::Query& query);

  std::unique_ptr<DatabaseUnderTest> database_;
  std::unique_ptr<Store> store_;
};

}  // namespace moonstone::store::conformance
