// Moonstone. Licence: see LICENSE.
// create (litestone.md 9.1, 5.5, 32.1, 45).

#include <string>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kShop = R"(
  model Customer {
    id Int @id
    name String
    orders Order[]
  }
  model Order {
    id Int @id
    total Float
    status String @default("open")
    customerId Int
    customer Customer @relation(fields: [customerId], references: [id])
  })";

TEST_F(OrmTest, CreatesTheWorkedExample) {
  open(kShop);
  EXPECT_EQ(run("customer", "create",
                R"({"data":{"name":"Lin","orders":{"create":[{"total":1},)"
                R"({"total":2}]}},"include":{"orders":{"select":)"
                R"({"total":true}},"_count":true}})"),
            R"({"id":1,"name":"Lin","orders":[{"total":1},{"total":2}],"_count":{"orders":2}})");
  EXPECT_EQ(run("customer", "create", R"({"data":{"nmae":"x"}})"),
            "error: Validation failed — nmae: Unknown field 'nmae' on model 'Customer'. Did you "
            "mean: name?");
  EXPECT_EQ(error_->reason(), "ValidationError");
}

TEST_F(OrmTest, GivesBackTheRowAsItIsStored) {
  open(kShop);
  EXPECT_EQ(run("customer", "create", R"({"data":{"id":7,"name":"Ada"}})"),
            R"({"id":7,"name":"Ada"})");
  EXPECT_EQ(run("order", "create", R"({"data":{"total":12.5,"customerId":7}})"),
            R"({"id":1,"total":12.5,"status":"open","customerId":7})");
  EXPECT_EQ(run("customer", "create", R"({"data":{"name":"Bo"},"select":{"name":true}})"),
            R"({"name":"Bo"})");
  EXPECT_EQ(run("customer", "create", R"({"data":{"name":"Cy"},"select":false})"), "null");
  EXPECT_EQ(rows("customer", R"({"name":true})"),
            R"([{"name":"Ada"},{"name":"Bo"},{"name":"Cy"}])");
}

TEST_F(OrmTest, HandsOnWhatTheDatabaseRefuses) {
  open(kShop);
  EXPECT_EQ(run("customer", "create", R"({"data":{}})"),
            "error: NOT NULL constraint failed: customer.name");
  EXPECT_EQ(run("order", "create", R"({"data":{"total":1,"customerId":99}})"),
            "error: FOREIGN KEY constraint failed");
  EXPECT_EQ(run("customer", "create", R"({"data":{"id":1,"name":"a"}})"), R"({"id":1,"name":"a"})");
  EXPECT_EQ(run("customer", "create", R"({"data":{"id":1,"name":"b"}})"),
            "error: UNIQUE constraint failed: customer.id");
  EXPECT_EQ(error_->code(), ErrorCode::AlreadyExists);
  ASSERT_NE(error_->details(), nullptr);
  EXPECT_EQ(error_->details()->as_object().find("name")->as_text(), "SQLiteError");
}

TEST_F(OrmTest, StoresDefaultsWithoutAnyData) {
  open(R"(model Note { id Int @id
    text String @default("empty")
    at DateTime @default(now()) })");
  EXPECT_EQ(run("note", "create", R"({"data":{}})"),
            R"({"id":1,"text":"empty","at":"2026-02-01T10:00:00.000Z"})");
  EXPECT_EQ(run("note", "create", "{}"),
            R"({"id":2,"text":"empty","at":"2026-02-01T10:00:00.000Z"})");
}

TEST_F(OrmTest, FillsIdsStampsAndCopies) {
  open(R"(model Post { id String @id @default(ulid())
    title String @trim
    slug String @default(title) @slug
    code String @default(nanoid())
    owner String? @default(auth().id)
    seen DateTime @updatedAt })");
  caller_.auth = Object{{"id", "ada"}};
  const std::string made = run("post", "create",
                               R"({"data":{"title":" Hello World "},)"
                               R"("select":{"title":true,"slug":true,"owner":true,"seen":true}})");
  EXPECT_EQ(made, R"({"title":"Hello World","slug":"hello-world","owner":"ada",)"
                  R"("seen":"2026-02-01T10:00:00.000Z"})");
  caller_.auth = Value();
  EXPECT_EQ(run("post", "create",
                R"({"data":{"id":"mine","title":"B","slug":"Own One"},)"
                R"("select":{"id":true,"slug":true,"owner":true}})"),
            R"({"id":"mine","slug":"own-one","owner":null})");
  const Value ids = parse_json(rows("post", R"({"id":true,"code":true})")).value();
  EXPECT_EQ(ids.as_array()[0].as_object().find("id")->as_text().size(), 26U);
  EXPECT_EQ(ids.as_array()[0].as_object().find("code")->as_text().size(), 21U);
}

TEST_F(OrmTest, CountsInSequencesPerScope) {
  open(R"(model Account { id Int @id
      name String
      invoices Invoice[] }
    model Invoice { id Int @id
      accountId Int?
      number Int? @sequence(scope: accountId)
      account Account? @relation(fields: [accountId], references: [id]) })");
  EXPECT_EQ(run("account", "createMany", R"({"data":[{"name":"a"},{"name":"b"}]})"),
            R"({"count":2})");
  const std::string select = R"(,"select":{"number":true}})";
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":1})" + select), R"({"number":1})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":1})" + select), R"({"number":2})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":2})" + select), R"({"number":1})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":1,"number":9})" + select),
            R"({"number":9})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":1,"number":3})" + select),
            R"({"number":3})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"account":{"connect":{"id":1}}})" + select),
            R"({"number":10})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{})" + select), R"({"number":null})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":2,"nope":1}})").substr(0, 24),
            "error: Validation failed");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":2})" + select), R"({"number":2})");
  ASSERT_TRUE(database_->reset());
  run("account", "create", R"({"data":{"name":"a"}})");
  EXPECT_EQ(run("invoice", "create", R"({"data":{"accountId":1})" + select), R"({"number":1})");
}

TEST_F(OrmTest, GivesTheSameRowsForTheSameTimeAndSeed) {
  // What a call has when it is replayed.
  const auto create_two = [&] {
    SeededRandom random(7);
    database_.reset();
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directory(folder_);
    open(R"(model Post { id String @id @default(uuid())
      code String @default(cuid())
      at DateTime @default(now()) })",
         {}, &random);
    std::vector<std::string> answers;
    EXPECT_TRUE(mutate([&](engine::Transaction& transaction) -> Status {
      for (int i = 0; i < 2; ++i) {
        MS_TRY(const Value made, write(transaction, "post", "create", "{}"));
        answers.push_back(to_json(made));
      }
      return {};
    }));
    database_.reset();  // before the numbers that it takes
    return answers;
  };
  const std::vector<std::string> first = create_two();
  ASSERT_EQ(first.size(), 2U);
  EXPECT_NE(first[0], first[1]);
  EXPECT_EQ(create_two(), first);
}

TEST_F(OrmTest, AsksForListsInJsonFieldsThatHoldAnyText) {
  open("model Note { id Int @id  extra Json? }");
  run("note", "createMany", R"({"data":[{"extra":"hello"},{"extra":[]},{"extra":["a"]},{}]})");
  EXPECT_EQ(run("note", "findMany", R"({"where":{"extra":{"isEmpty":true}},"select":{"id":true}})"),
            R"([{"id":2}])");
  EXPECT_EQ(run("note", "findMany", R"({"where":{"extra":{"has":"a"}},"select":{"id":true}})"),
            R"([{"id":3}])");
}

}  // namespace
}  // namespace moonstone::orm
