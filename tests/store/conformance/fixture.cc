// Moonstone. Licence: see LICENSE.
#include "tests/store/conformance/fixture.h"

#include <cstdlib>
#include <iostream>
#include <utility>

#include "base/json.h"
#include "base/ulid.h"

namespace moonstone::store::conformance {

namespace {

constexpr std::int64_t kFirstTime = 1'700'000'000'000;

template <class T>
T value_or_abort(Result<T> result, std::string_view doing) {
  if (!result) {
    std::cerr << doing << ": " << result.error().message() << '\n';
    std::abort();  // the test itself is wrong
  }
  return *std::move(result);
}

}  // namespace

schema::Schema schema_of(std::string_view schema_json) {
  const Value json = value_or_abort(parse_json(schema_json), "read the schema's JSON");
  return value_or_abort(schema::parse_schema_json(json), "build the schema");
}

std::int64_t time_of(std::int64_t n) {
  return kFirstTime + n;
}

std::string id_of(std::string_view table, std::int64_t n) {
  return std::string(table) + ":" + least_ulid_at(time_of(n));
}

query::Row row_of(const schema::Schema& schema,
                  std::string_view table,
                  std::string_view id,
                  Object fields) {
  query::Row row;
  row.table = schema.find_table(table);
  EXPECT_NE(row.table, nullptr) << table;
  row.id = id;
  for (const schema::Field& field : row.table->fields) {
    Value* given = fields.find(field.name);
    Value value = given == nullptr ? Value() : std::move(*given);
    const Status converted = schema::check_and_convert(*field.type, value);
    EXPECT_TRUE(converted) << field.name << ": " << message_of(converted);
    row.values.push_back(std::move(value));
  }
  return row;
}

Value field_of(const query::Row& row, std::string_view field) {
  const auto index = row.table->find_field(field);
  return index ? row.values[*index] : Value();
}

std::vector<std::string> ids_of(const std::vector<query::Row>& rows) {
  std::vector<std::string> ids;
  for (const query::Row& row : rows)
    ids.push_back(row.id);
  return ids;
}

query::Query all_of(std::string_view table) {
  query::Query query;
  query.table = table;
  return query;
}

void StoreConformanceTest::SetUp() {
  database_ = GetParam()();
  auto opened = database_->open();
  ASSERT_TRUE(opened) << message_of(opened);
  store_ = *std::move(opened);
}

void StoreConformanceTest::reopen() {
  store_.reset();
  auto opened = database_->open();
  ASSERT_TRUE(opened) << message_of(opened);
  store_ = *std::move(opened);
}

void StoreConformanceTest::apply(std::string_view schema_json, Writer::AllowDataLoss allow) {
  const auto outcome = writer().apply_schema(schema_of(schema_json), allow);
  ASSERT_TRUE(outcome) << message_of(outcome);
}

const schema::Table& StoreConformanceTest::table(std::string_view name) {
  const schema::Table* found = schema()->find_table(name);
  EXPECT_NE(found, nullptr) << name;
  return *found;
}

query::Row StoreConformanceTest::row(std::string_view table_name, std::int64_t n, Object fields) {
  return row_of(*schema(), table_name, id_of(table_name, n), std::move(fields));
}

void StoreConformanceTest::insert(std::string_view table_name, std::int64_t n, Object fields) {
  const Status inserted = writer().insert(row(table_name, n, std::move(fields)));
  ASSERT_TRUE(inserted) << message_of(inserted);
}

void StoreConformanceTest::commit_rows(std::string_view table_name,
                                       const std::vector<Object>& rows) {
  begin();
  std::int64_t n = 0;
  for (const Object& fields : rows)
    insert(table_name, ++n, fields);
  commit();
}

void StoreConformanceTest::begin() {
  const auto begun = writer().begin();
  ASSERT_TRUE(begun) << message_of(begun);
}

void StoreConformanceTest::commit() {
  const Status committed = writer().commit();
  ASSERT_TRUE(committed) << message_of(committed);
}

std::unique_ptr<Reader> StoreConformanceTest::reader_at_now() {
  auto reader = value_or_abort(store_->new_reader(), "open a reader");
  EXPECT_TRUE(reader->begin());
  return reader;
}

std::vector<query::Row> StoreConformanceTest::select(DocumentSource& source,
                                                     const query::Query& query) {
  ReadBudget budget;
  auto rows = source.select(query, budget);
  EXPECT_TRUE(rows) << message_of(rows);
  return rows ? *std::move(rows) : std::vector<query::Row>();
}

}  // namespace moonstone::store::conformance
