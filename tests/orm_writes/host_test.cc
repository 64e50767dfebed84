// Moonstone. Licence: see LICENSE.
// The application around writes: hooks, events, and documents of functions (litestone.md 29).

#include <algorithm>
#include <span>
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

/// What functions of an application add: defaults, computed fields, ears.
class Application final : public Host {
 public:
  Status fill_defaults(const schema::Model& /*model*/,
                       const Caller& /*caller*/,
                       Object& data) override {
    if (data.find("hint") == nullptr) data.set("hint", "default");
    return {};
  }
  [[nodiscard]] bool has_defaults(const schema::Model& model) const override {
    return model.name == "Note";
  }
  Result<std::vector<Value>> compute(const query::RowSet& rows, const Caller& /*caller*/) override {
    const auto column = std::ranges::find(rows.shape->names, "text") - rows.shape->names.begin();
    std::vector<Value> cells;
    for (std::size_t i = 0; i < rows.count; ++i) {
      const std::string& text = rows.row(i)[static_cast<std::size_t>(column)].as_text();
      cells.emplace_back(static_cast<std::int64_t>(text.size()));
      cells.emplace_back(text + "!");
    }
    return cells;
  }
  [[nodiscard]] std::span<const std::string> computed_fields(
      const schema::Model& model) const override {
    if (model.name != "Note") return {};
    return computed_names_;
  }
  Status happened(engine::Transaction& /*transaction*/,
                  const Caller& /*caller*/,
                  const WriteEvent& event) override {
    heard.push_back(event.model->name + "." + event.operation);
    if (refuses) return Error(ErrorCode::LimitExceeded, "deaf");
    return {};
  }
  [[nodiscard]] bool hears_events() const override { return true; }
  Status before(const schema::Model& /*model*/,
                std::string_view operation,
                const Caller& /*caller*/,
                Value& arguments) override {
    reads.push_back("before " + std::string(operation) + " " + to_json(arguments));
    arguments.as_object().set("limit", 1);
    return {};
  }
  Status after(const schema::Model& /*model*/,
               std::string_view operation,
               const Caller& /*caller*/,
               const Value& /*arguments*/,
               Value& result) override {
    if (operation == "count") result = Value("many");
    return {};
  }
  [[nodiscard]] bool has_read_hooks() const override { return hooks_reads; }

  std::vector<std::string> heard;
  std::vector<std::string> reads;
  bool refuses = false;
  bool hooks_reads = false;

 private:
  std::vector<std::string> computed_names_ = {"length", "shout"};
};

class ApplicationTest : public OrmTest {
 protected:
  void SetUp() override {
    std::string schema(kNotes);
    schema.replace(schema.find("hint String?"), 12, "hint String?\n length Int @computed");
    open(schema, {.host = &host_});
  }
  Application host_;
};

TEST_F(ApplicationTest, FillsWhatNobodyGave) {
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"t"},"select":{"hint":true}})"),
            R"({"hint":"default"})");
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"t","hint":null},"select":{"hint":true}})"),
            R"({"hint":null})");
  run("note", "createMany", R"({"data":[{"text":"u"},{"text":"v","hint":"own"}]})");
  EXPECT_EQ(rows("note", R"({"hint":true})"),
            R"([{"hint":"default"},{"hint":null},{"hint":"default"},{"hint":"own"}])");
}

TEST_F(ApplicationTest, ComputesFieldsOfRowsOfReadsAndWrites) {
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"abc"}})"),
            R"({"id":1,"text":"abc","pinned":false,"hint":"default","bookId":null,"length":3,)"
            R"("shout":"abc!"})");
  EXPECT_EQ(run("note", "findFirst", R"({"select":{"length":true,"id":true}})"),
            R"({"id":1,"length":3})");
  EXPECT_EQ(run("note", "findMany", R"({"select":{"id":true}})"), R"([{"id":1}])");
  EXPECT_EQ(
      run("note", "update", R"({"where":{"id":1},"data":{"text":"ab"},"select":{"length":true}})"),
      R"({"length":2})");
  run("book", "create", R"({"data":{"name":"b","notes":{"connect":{"id":1}}}})");
  EXPECT_EQ(run("book", "findMany",
                R"({"select":{"name":true,"notes":{"select":{"text":true,"length":true}}}})"),
            R"([{"name":"b","notes":[{"text":"ab","length":2}]}])");
  EXPECT_EQ(run("note", "delete", R"({"where":{"id":1}})"),
            R"({"id":1,"text":"ab","pinned":false,"hint":"default","bookId":1,"length":2,)"
            R"("shout":"ab!"})");
}

TEST_F(ApplicationTest, HearsOfWritesAndTakesThemBackWhenItFails) {
  run("book", "create", R"({"data":{"name":"b","notes":{"create":{"text":"t"}}}})");
  run("note", "update", R"({"where":{"id":1},"data":{"text":"u"}})");
  run("note", "remove", R"({"where":{"id":1}})");
  EXPECT_EQ(host_.heard,
            (std::vector<std::string>{"Note.create", "Book.create", "Note.update", "Note.remove"}));
  host_.refuses = true;
  EXPECT_EQ(run("note", "create", R"({"data":{"text":"t"}})"), "error: deaf");
  EXPECT_EQ(run("note", "count", "{}"), "0");
}

TEST_F(ApplicationTest, HearsOfDocumentsToo) {
  const Status done = mutate([](engine::Transaction& transaction) -> Status {
    MS_TRY(const std::string id, transaction.insert("note", Object{{"text", "t"}}));
    return transaction.patch(id, Object{{"text", "u"}});
  });
  EXPECT_TRUE(done) << done.error().message();
  EXPECT_EQ(host_.heard, (std::vector<std::string>{"Note.create", "Note.update"}));
}

TEST_F(ApplicationTest, IsAskedAroundReadsIfItWantsTo) {
  run("note", "createMany", R"({"data":[{"text":"a"},{"text":"b"}]})");
  host_.hooks_reads = true;
  EXPECT_EQ(run("note", "findMany", R"({"select":{"text":true}})"), R"([{"text":"a"}])");
  EXPECT_EQ(host_.reads, (std::vector<std::string>{R"(before findMany {"select":{"text":true}})"}));
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
