// Moonstone. Licence: see LICENSE.
#include "tests/store/model_store.h"

#include <utility>

#include "base/json.h"
#include "tests/store/conformance/fixture.h"
#include "tests/store/model_catalog.h"

namespace moonstone::store {

using conformance::message_of;
using query::Expr;
using query::WritePlan;

WritePlan plan_of(WritePlan::Kind kind, std::string_view table, const Object& fields) {
  WritePlan plan;
  plan.kind = kind;
  plan.table = table;
  for (const Member& member : fields)
    plan.assignments.push_back({member.name, Expr::make_literal(member.value)});
  return plan;
}

query::ExprPtr equals(std::string_view field, const Value& value) {
  return Expr::compare(query::CompareOp::Eq, Expr::make_field(field), Expr::make_literal(value));
}

std::vector<query::Output> fields_out(const std::vector<std::string>& fields) {
  std::vector<query::Output> outputs;
  for (const std::string& field : fields) {
    auto term = std::make_shared<query::Term>();
    term->field = field;
    outputs.push_back({.name = field, .term = std::move(term)});
  }
  return outputs;
}

void ModelStoreTest::SetUp() {
  open();
  apply_models();
}

SqliteOptions ModelStoreTest::options() const {
  SqliteOptions options;
  options.path = path();
  options.durability = Durability::Normal;
  options.load_catalog = [](const Value& source) -> Result<schema::CatalogPtr> {
    EXPECT_EQ(source, example_catalog()->source);
    return example_catalog();
  };
  return options;
}

void ModelStoreTest::open() {
  store_.reset();
  auto opened = open_sqlite_store(options());
  ASSERT_TRUE(opened) << message_of(opened);
  store_ = *std::move(opened);
}

void ModelStoreTest::apply_models() {
  auto schema = schema::make_schema(example_catalog());
  ASSERT_TRUE(schema) << message_of(schema);
  const auto applied = writer().apply_schema(*std::move(schema), Writer::AllowDataLoss::No);
  ASSERT_TRUE(applied) << message_of(applied);
}

const schema::Table& ModelStoreTest::table(std::string_view name) {
  const schema::Table* const found = writer().schema()->find_table(name);
  EXPECT_NE(found, nullptr) << name;
  return *found;
}

Writer::Begun ModelStoreTest::begin() {
  auto begun = writer().begin();
  EXPECT_TRUE(begun) << message_of(begun);
  return begun.value_or(Writer::Begun());
}

void ModelStoreTest::commit() {
  const Status committed = writer().commit();
  ASSERT_TRUE(committed) << message_of(committed);
}

Mark ModelStoreTest::mark() {
  auto made = writer().mark();
  EXPECT_TRUE(made) << message_of(made);
  return made.value_or(Mark());
}

Result<Writer::Written> ModelStoreTest::run(const WritePlan& plan,
                                            const std::vector<Value>& parameters) {
  MS_TRY(const CompiledStatementPtr compiled, writer().compile_write(plan));
  return writer().write(*compiled, parameters);
}

void ModelStoreTest::insert(std::string_view table_name, const Object& fields) {
  const auto inserted = run(plan_of(WritePlan::Kind::Insert, table_name, fields));
  ASSERT_TRUE(inserted) << message_of(inserted);
  EXPECT_EQ(inserted->count, 1U);
}

std::string ModelStoreTest::sql(std::string_view text) {
  const auto rows = writer().run_sql(text, {});
  EXPECT_TRUE(rows) << message_of(rows);
  std::string joined;
  if (!rows) return joined;
  for (const std::vector<Value>& row : rows->rows) {
    if (!joined.empty()) joined += ',';
    const Value& cell = row.front();
    joined += cell.is_text() ? cell.as_text() : to_json(cell);
  }
  return joined;
}

std::vector<query::Change> ModelStoreTest::changes_since(const Mark& from) {
  auto changes = writer().changes_since(from);
  EXPECT_TRUE(changes) << message_of(changes);
  return changes.value_or(std::vector<query::Change>());
}

}  // namespace moonstone::store
