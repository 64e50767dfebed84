// Moonstone. Licence: see LICENSE.
#include "tests/orm/library.h"

#include <cstdlib>
#include <filesystem>
#include <utility>

#include <fmt/format.h>

#include "base/json.h"
#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"
#include "store/sqlite/ddl.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/sqlite/internal/model_select.h"

namespace moonstone::orm {

const std::string_view kShopSchema = R"(
enum Status { open paid cancelled }
type Coords { lat Float  lng Float }
type Address { city String  zip Int?  coords Json @type(Coords) }

model Customer {
  id         Int @id
  name       String
  vip        Boolean @default(false)
  address    Json? @type(Address)
  tags       String[]
  deletedAt  DateTime?
  orders     Order[]
  orderCount Int @from(Order, count: true)
  hasOrders  Boolean @from(Order, exists: true)
  @@softDelete
}
model Order {
  id         Int @id
  status     Status @default(open)
  total      Float @default(0)
  note       String?
  createdAt  DateTime @default(now())
  customerId Int?
  customer   Customer? @relation(fields: [customerId], references: [id])
  labels     Label[]
  @@index([customerId])
}
model Label {
  id     Int @id
  name   String @unique
  orders Order[]
}
model Page {
  id         Int @id
  title      String
  parentId   Int?
  parent     Page? @relation(fields: [parentId], references: [id])
  originId   Int?
  origin     Page? @relation(fields: [originId], references: [id])
  @@hasTemplates
}
model Article {
  id    Int @id
  title String
  body  String
  @@fts([title, body])
}
view spending {
  customerId Int
  spent Float
  @@sql("SELECT customerId, SUM(total) AS spent FROM \"order\" GROUP BY customerId")
}
)";

const std::string_view kShopRows = R"(
INSERT INTO customer(id, name, vip, address, tags, deletedAt) VALUES
  (1, 'Ada', 1, '{"city":"Oslo","zip":150,"coords":{"lat":59.9,"lng":10.7}}', '["a","b"]', NULL),
  (2, 'Lin', 0, '{"city":"Rome","coords":{"lat":41.9,"lng":12.5}}', '["b"]', NULL),
  (3, 'Noor', 0, NULL, '[]', NULL),
  (4, 'Gone', 1, NULL, '["a"]', '2026-01-01T00:00:00.000Z');
INSERT INTO "order"(id, status, total, note, createdAt, customerId) VALUES
  (1, 'open', 10, 'first', '2026-01-05T10:00:00.000Z', 1),
  (2, 'paid', 20.5, NULL, '2026-01-20T11:00:00.000Z', 1),
  (3, 'paid', 5, '50% off', '2026-03-01T12:00:00.000Z', 2),
  (4, 'cancelled', 7, NULL, '2026-03-02T12:00:00.000Z', 4),
  (5, 'open', 10, 'Last', '2026-03-03T12:00:00.000Z', NULL);
INSERT INTO label VALUES (1, 'new'), (2, 'late'), (3, 'unused');
INSERT INTO _label_order(labelId, orderId) VALUES (1, 1), (2, 1), (1, 2), (2, 4);
INSERT INTO page(id, title, parentId, originId, isTemplate) VALUES
  (1, 'root', NULL, NULL, 0), (2, 'left', 1, NULL, 0), (3, 'right', 1, 2, 0),
  (4, 'leaf', 2, 1, 0), (5, 'hidden', 2, NULL, 1), (6, 'below hidden', 5, NULL, 0);
INSERT INTO article VALUES
  (1, 'Quick fox', 'the quick quick fox'), (2, 'Dogs', 'a lazy dog and a quick cat'),
  (3, 'Cats', 'they sleep');
)";

schema::CatalogPtr parse_catalog(std::string_view lite) {
  const lite::ParseResult parsed = lite::parse(lite);
  for (const lite::Problem& problem : parsed.errors)
    ADD_FAILURE() << problem.text;
  if (!parsed.schema) return std::make_shared<const schema::Catalog>();
  auto catalog = lite::make_catalog(*parsed.schema);
  if (catalog) return *catalog;
  ADD_FAILURE() << catalog.error().message();
  return std::make_shared<const schema::Catalog>();
}

namespace {

/// Reads models; documents it has none.
class ModelSource final : public store::DocumentSource {
 public:
  explicit ModelSource(schema::SchemaPtr schema) : schema_(std::move(schema)) { open(); }
  ~ModelSource() override {
    connection_.reset();
    std::filesystem::remove_all(folder_);
  }

  [[nodiscard]] store::sqlite::Connection& connection() { return *connection_; }

  [[nodiscard]] schema::SchemaPtr schema() const override { return schema_; }
  [[nodiscard]] std::string_view secret() const override { return "secret"; }
  Result<std::optional<query::Row>> get(const schema::Table& /*table*/,
                                        std::string_view /*id*/,
                                        store::ReadBudget& /*budget*/) override {
    return no_documents();
  }
  Result<std::vector<query::Row>> select(const query::Query& /*query*/,
                                         store::ReadBudget& /*budget*/) override {
    return no_documents();
  }
  Result<std::uint64_t> count(const query::Query& /*query*/,
                              store::ReadBudget& /*budget*/) override {
    return no_documents();
  }
  Result<store::CompiledStatementPtr> compile(const query::Select& select) override {
    ++compiled_count_;
    return store::sqlite::compile_select(*layout_, select);
  }
  Result<query::RowSet> read(const store::CompiledStatement& statement,
                             std::span<const Value> parameters,
                             store::ReadBudget& budget) override {
    return store::sqlite::run_select(*connection_, statement, layout_->schema_version, parameters,
                                     budget);
  }

  [[nodiscard]] std::string path() const { return (folder_ / "data.db").string(); }
  [[nodiscard]] std::size_t compiled_count() const { return compiled_count_; }
  void make_stale() { layout_ = store::sqlite::make_layout(schema_, layout_->schema_version + 1); }

 private:
  static Error no_documents() { return Error(ErrorCode::Unimplemented, "models only"); }

  void open() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    layout_ = store::sqlite::make_layout(schema_, 1);
    auto connection =
        store::sqlite::Connection::open({.path = path(), .durability = store::Durability::Normal},
                                        store::sqlite::Connection::Role::Writer);
    if (!connection) std::abort();  // nothing can be tested then
    connection_ = *std::move(connection);
    // The tables are made here and not by the store, which trusts its own schemas only.
    EXPECT_TRUE(connection_->run_once("PRAGMA trusted_schema = ON", "prepare the test"));
  }

  schema::SchemaPtr schema_;
  std::filesystem::path folder_;
  store::sqlite::LayoutPtr layout_;
  std::unique_ptr<store::sqlite::Connection> connection_;
  std::size_t compiled_count_ = 0;
};

}  // namespace

struct TestDatabase::Impl {
  schema::CatalogPtr catalog;
  std::unique_ptr<ModelSource> source;
};

TestDatabase::TestDatabase(schema::CatalogPtr catalog) : impl_(std::make_unique<Impl>()) {
  auto schema = schema::make_schema(catalog);
  if (!schema) std::abort();
  impl_->catalog = std::move(catalog);
  impl_->source =
      std::make_unique<ModelSource>(std::make_shared<const schema::Schema>(*std::move(schema)));
  const auto objects = store::sqlite::ddl_of(*impl_->catalog);
  if (!objects) ADD_FAILURE() << objects.error().message();
  run_sql("BEGIN");
  for (const store::sqlite::SqlObject& object : *objects)
    run_sql(object.text);
  run_sql("COMMIT");
}

TestDatabase::~TestDatabase() = default;

void TestDatabase::run_sql(std::string_view sql) {
  const Status done = impl_->source->connection().run_once(sql, "prepare the test");
  EXPECT_TRUE(done) << done.error().message() << "\n" << sql;
}

const schema::CatalogPtr& TestDatabase::catalog() const {
  return impl_->catalog;
}

store::DocumentSource& TestDatabase::source() {
  return *impl_->source;
}

std::string TestDatabase::path() const {
  return impl_->source->path();
}

std::size_t TestDatabase::compiled_count() const {
  return impl_->source->compiled_count();
}

void TestDatabase::make_stale() {
  impl_->source->make_stale();
}

ShopTest::ShopTest() : database_(parse_catalog(kShopSchema)) {
  database_.run_sql(kShopRows);
  orm_ = Orm::make(database_.catalog(), {});
}

Result<Outcome> ShopTest::call(std::string_view model,
                               std::string_view method,
                               std::string_view arguments) {
  auto parsed = parse_json(arguments);
  if (!parsed) return parsed.error();
  engine::DocumentReader reader(database_.source(), {});
  auto outcome =
      orm_->read(reader, {}, {.model = model, .method = method, .arguments = *std::move(parsed)});
  footprint_ = reader.take_footprint();
  return outcome;
}

std::string ShopTest::read(std::string_view model,
                           std::string_view method,
                           std::string_view arguments) {
  const auto outcome = call(model, method, arguments);
  if (!outcome) return "! " + outcome.error().message();
  std::string json;
  write_json(*outcome, json);
  EXPECT_EQ(json, to_json(to_value(*outcome))) << "two forms of one outcome differ";
  return json;
}

std::string ShopTest::ids(std::string_view model, std::string_view where) {
  const auto outcome =
      call(model, "findMany",
           fmt::format(R"({{"where":{},"orderBy":{{"id":"asc"}},"select":{{"id":true}}}})", where));
  if (!outcome) return "! " + outcome.error().message();
  std::string ids;
  for (std::size_t row = 0; row < outcome->rows->count; ++row)
    ids += (row == 0 ? "" : ",") + to_json(outcome->rows->row(row)[0]);
  return ids;
}

}  // namespace moonstone::orm
