// Moonstone. Licence: see LICENSE.
// The application around writes: hooks, events, and documents of functions (litestone.md 29).

#include <string>
#include <vector>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kNotes = R"(
  model Book {
    id Int @id
    name String
    notes Note[]
  }
  model Note {
    id Int @id
    text String @trim
    pinned Boolean @default(false)
    hint String?
    bookId Int?
    book Book? @relation(fields: [bookId], references: [id])
  })";

class Recorder final : public Host {
 public:
  Status before(const schema::Model& model,
                std::string_view operation,
                const Caller& /*caller*/,
                Value& arguments) override {
    seen.push_back("before " + model.name + "." + std::string(operation) + " " +
                   to_json(arguments));
    if (refuse == operation) return Error(ErrorCode::PermissionDenied, "not today");
    if (Value* const data = arguments.as_object().find("data"); data != nullptr && adds_hint) {
      if (data->is_object() && model.name == "Note") data->as_object().set("hint", "hooked");
    }
    return {};
  }
  Status after(const schema::Model& model,
               std::string_view operation,
               const Caller& /*caller*/,
               const Value& /*arguments*/,
               Value& result) override {
    seen.push_back("after " + model.name + "." + std::string(operation) + " " + to_json(result));
    if (replaces) result = Value("replaced");
    return {};
  }
  [[nodiscard]] bool has_hooks() const override { return true; }
  [[nodiscard]] bool observes() const override { return true; }
  void observe(const QueryEvent& event) override {
    statements.push_back(std::string(event.operation) + " " + std::to_string(event.row_count));
  }

  std::vector<std::string> seen;
  std::vector<std::string> statements;
  std::string refuse;
  bool adds_hint = false;
  bool replaces = false;
};

class HostTest : public OrmTest {
 protected:
  void SetUp() override { open(kNotes, {.host = &host_}); }
  Recorder host_;
};

TEST_F(HostTest, CallsHooksAroundNestedWritesToo) {
  run("book", "create", R"({"data":{"name":"b","notes":{"create":{"text":" t "}}}})");
  EXPECT_EQ(host_.seen,
            (std::vector<std::string>{
                R"(before Book.create {"data":{"name":"b","notes":{"create":{"text":" t "}}}})",
                R"(before Note.create {"data":{"text":" t ","bookId":1}})",
                R"(after Note.create {"id":1,"text":"t","pinned":false,"hint":null,"bookId":1})",
                R"(after Book.create {"id":1,"name":"b"})"}));
  EXPECT_EQ(host_.statements, (std::vector<std::string>{"create 1", "create 1"}));
}

TEST_F(HostTest, LetsHooksChangeArgumentsAndResults) {
  host_.adds_hint = true;
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"t"},"select":{"hint":true}})"),
            R"({"hint":"hooked"})");
  EXPECT_EQ(
      run("note", "update", R"({"where":{"id":1},"data":{"pinned":true},"select":{"hint":true}})"),
      R"({"hint":"hooked"})");
  host_.replaces = true;
  EXPECT_EQ(run("note", "delete", R"({"where":{"id":1}})"), R"("replaced")");
}

TEST_F(HostTest, TakesEverythingBackWhenAHookRefuses) {
  host_.refuse = "update";
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"t"}})").substr(0, 5), R"({"id")");
  EXPECT_EQ(run("book", "create", R"({"data":{"name":"b","notes":{"connect":{"id":1}}}})"),
            "error: not today");
  EXPECT_EQ(run("book", "count", "{}"), "0");
}

TEST_F(HostTest, KeepsEventsOfWhatHappenedOnly) {
  run("book", "create", R"({"data":{"name":"b","notes":{"create":{"text":"t"}}}})");
  ASSERT_EQ(effects_.events.size(), 2U);
  EXPECT_EQ(effects_.events[0].model->name, "Note");
  EXPECT_EQ(to_json(effects_.events[1].result), R"({"id":1,"name":"b"})");
  run("book", "create", R"({"data":{"notes":{"create":{"text":"t"}}}})");
  EXPECT_TRUE(effects_.events.empty());
}

class DocumentTest : public OrmTest {
 protected:
  void SetUp() override { open(kNotes); }

  /// Runs one write of a document; its id or error.
  std::string write_document(
      const std::function<Result<std::string>(engine::Transaction&)>& write) {
    std::string answer;
    const Status done = mutate([&](engine::Transaction& transaction) -> Status {
      MS_TRY(answer, write(transaction));
      return {};
    });
    return done ? answer : "error: " + done.error().message();
  }

  std::string insert(std::string_view json) {
    return write_document([&](engine::Transaction& transaction) {
      return transaction.insert("note", parse_json(json).value().as_object());
    });
  }

  std::string change(Status (engine::Transaction::*how)(std::string_view, Object),
                     std::string_view id,
                     Object fields) {
    return write_document([&](engine::Transaction& transaction) -> Result<std::string> {
      MS_TRY_STATUS((transaction.*how)(id, std::move(fields)));
      return std::string("ok");
    });
  }

  std::string erase(std::string_view id) {
    return write_document([&](engine::Transaction& transaction) -> Result<std::string> {
      MS_TRY_STATUS(transaction.erase(id));
      return std::string("ok");
    });
  }

  std::string all() { return rows("note", R"({"id":true,"text":true,"pinned":true,"hint":true})"); }
};

TEST_F(DocumentTest, InsertsByTheRulesOfTheModel) {
  EXPECT_EQ(insert(R"({"_id":"x","text":" a "})"), "note:1");
  EXPECT_EQ(insert(R"({"text":"b","txt":1})").substr(0, 32), "error: Validation failed — txt");
  EXPECT_EQ(all(), R"([{"id":1,"text":"a","pinned":false,"hint":null}])");
}

TEST_F(DocumentTest, ChangesDocumentsByTheirIds) {
  insert(R"({"text":"a","hint":"h"})");
  EXPECT_EQ(change(&engine::Transaction::patch, "note:1", {{"text", " b "}, {"_ts", 1}}), "ok");
  EXPECT_EQ(all(), R"([{"id":1,"text":"b","pinned":false,"hint":"h"}])");
  EXPECT_EQ(change(&engine::Transaction::patch, "note:1", {{"hint", Value()}}), "ok");
  EXPECT_EQ(all(), R"([{"id":1,"text":"b","pinned":false,"hint":null}])");
  EXPECT_EQ(change(&engine::Transaction::patch, "note:1", {{"pinned", true}, {"hint", "h"}}), "ok");
  EXPECT_EQ(change(&engine::Transaction::replace, "note:1", {{"text", "c"}}), "ok");
  EXPECT_EQ(all(), R"([{"id":1,"text":"c","pinned":false,"hint":null}])");
  EXPECT_EQ(change(&engine::Transaction::replace, "note:1", {{"hint", "x"}}),
            "error: Missing required field: text");
  EXPECT_EQ(change(&engine::Transaction::patch, "note:9", {{"text", "b"}}),
            "error: Document ID not found");
  EXPECT_EQ(change(&engine::Transaction::patch, "note:x", {{"text", "b"}}),
            "error: Document ID not found");
}

TEST_F(DocumentTest, ErasesForGood) {
  insert(R"({"text":"a"})");
  EXPECT_EQ(erase("note:1"), "ok");
  EXPECT_EQ(erase("note:1"), "ok");
  EXPECT_EQ(erase("note:none"), "ok");
  EXPECT_EQ(all(), "[]");
}

TEST_F(OrmTest, OptimizesFullTextIndexes) {
  open(R"(model Doc { id Int @id
      body String
      @@fts([body]) }
    model Plain { id Int @id })");
  run("doc", "create", R"({"data":{"body":"moon stone"}})");
  EXPECT_EQ(run("doc", "optimizeFts", "{}"), R"({"optimized":true,"table":"doc_fts"})");
  const std::string answer = run("plain", "optimizeFts", "{}");
  EXPECT_NE(answer.find("not available"), std::string::npos) << answer;
  EXPECT_EQ(run("plain", "create", "{}"), R"({"id":1})");
}

}  // namespace
}  // namespace moonstone::orm
