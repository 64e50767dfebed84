// Moonstone. Licence: see LICENSE.
// update, upsert, transition (litestone.md 9.2, 9.6, 26).

#include <string>

#include "tests/orm_writes/orm_fixture.h"

namespace moonstone::orm {
namespace {

constexpr std::string_view kUsers = R"(
  model User {
    id Int @id
    email String @unique @lower
    name String?
    age Int?
    changedBy Int? @updatedBy
    changed DateTime? @updatedAt
    deletedAt DateTime?
    @@softDelete
  })";

class UpdateTest : public OrmTest {
 protected:
  void SetUp() override {
    open(kUsers);
    ASSERT_EQ(run("user", "createMany",
                  R"({"data":[{"email":"a@x","name":"A","age":1},)"
                  R"({"email":"b@x","name":"B"}]})"),
              R"({"count":2})");
  }
  const std::string select_ = R"(,"select":{"id":true,"email":true,"name":true,"age":true}})";
};

TEST_F(UpdateTest, ChangesTheRowThatItFinds) {
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"name":"Ada"})" + select_),
            R"({"id":1,"email":"a@x","name":"Ada","age":1})");
  EXPECT_EQ(
      run("user", "update", R"({"where":{"id":1},"data":{"name":null,"email":"C@X"})" + select_),
      R"({"id":1,"email":"c@x","name":null,"age":1})");
  EXPECT_EQ(run("user", "update", R"({"where":{"id":9},"data":{"name":"x"}})"), "null");
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"name":"x"},"select":false})"),
            "null");
}

TEST_F(UpdateTest, ChangesAllRowsThatMatchAndGivesTheFirst) {
  EXPECT_EQ(run("user", "update", R"({"where":{"id":{"gte":1}},"data":{"age":5})" + select_),
            R"({"id":1,"email":"a@x","name":"A","age":5})");
  EXPECT_EQ(rows("user", R"({"age":true})"), R"([{"age":5},{"age":5}])");
}

TEST_F(UpdateTest, NeedsACondition) {
  for (const std::string_view arguments :
       {R"({"data":{"age":1}})", R"({"where":{},"data":{"age":1}})",
        R"({"where":{"AND":[]},"data":{"age":1}})", R"({"data":{}})"}) {
    EXPECT_EQ(run("user", "update", arguments), "error: update on \"user\" requires a where clause")
        << arguments;
  }
  // Nor does a plan of an update of many serve one without a condition.
  EXPECT_EQ(run("user", "updateMany", R"({"data":{"age":2}})"), R"({"count":2})");
  EXPECT_EQ(run("user", "update", R"({"data":{"age":1}})"),
            "error: update on \"user\" requires a where clause");
}

TEST_F(UpdateTest, GivesTheRowWhenThereIsNothingToChange) {
  EXPECT_EQ(run("user", "update", R"({"where":{"id":2},"data":{})" + select_),
            R"({"id":2,"email":"b@x","name":"B","age":null})");
  EXPECT_EQ(rows("user", R"({"changed":true})"),
            R"([{"changed":"2026-02-01T10:00:00.000Z"},{"changed":"2026-02-01T10:00:00.000Z"}])");
}

TEST_F(UpdateTest, StampsWhoAndWhen) {
  clock_.advance(std::chrono::minutes(1));
  caller_.auth = Object{{"id", 42}};
  EXPECT_EQ(run("user", "update",
                R"({"where":{"id":1},"data":{"changedBy":7,"name":"x"},)"
                R"("select":{"changedBy":true,"changed":true}})"),
            R"({"changedBy":42,"changed":"2026-02-01T10:01:00.000Z"})");
  caller_.auth = Value();
  EXPECT_EQ(run("user", "update",
                R"({"where":{"id":1},"data":{"changedBy":7},)"
                R"("select":{"changedBy":true}})"),
            R"({"changedBy":7})");
}

TEST_F(UpdateTest, LeavesDeletedRowsAlone) {
  EXPECT_EQ(run("user", "removeMany", R"({"where":{"id":1}})"), R"({"count":1})");
  EXPECT_EQ(run("user", "update", R"({"where":{"id":1},"data":{"name":"x"}})"), "null");
  EXPECT_EQ(run("user", "updateMany", R"({"data":{"name":"x"}})"), R"({"count":1})");
  EXPECT_EQ(
      run("user", "update",
          R"({"where":{"id":1},"withDeleted":true,"data":{"name":"y"},"select":{"name":true}})"),
      R"({"name":"y"})");
}

TEST_F(UpdateTest, UpsertsByCondition) {
  EXPECT_EQ(run("user", "upsert",
                R"({"where":{"email":"a@x"},"create":{"email":"a@x"},)"
                R"("update":{"name":"up"})" +
                    select_),
            R"({"id":1,"email":"a@x","name":"up","age":1})");
  EXPECT_EQ(run("user", "upsert",
                R"({"where":{"email":"n@x"},"create":{"email":"n@x","age":3},)"
                R"("update":{"name":"up"})" +
                    select_),
            R"({"id":3,"email":"n@x","name":null,"age":3})");
}

TEST_F(UpdateTest, UpsertTellsWhatCollidedIfNothingCanBeUpdated) {
  EXPECT_EQ(run("user", "upsert",
                R"({"where":{"id":77},"create":{"email":"a@x"},)"
                R"("update":{"name":"up"}})"),
            "error: UNIQUE constraint failed: user.email");
}

constexpr std::string_view kOrders = R"(
  enum Status { draft open paid closed
    transitions {
      submit: draft -> open
      pay: open -> paid
      close: [open, paid] -> closed
    }
  }
  model Order { id Int @id
    status Status @default(draft)
    note String? })";

class TransitionTest : public OrmTest {
 protected:
  void SetUp() override {
    open(kOrders);
    ASSERT_EQ(run("order", "create", "{}"), R"({"id":1,"status":"draft","note":null})");
  }
};

TEST_F(TransitionTest, TakesTheStepsThatTheEnumHas) {
  EXPECT_EQ(run("order", "transition", R"([1,"submit"])"),
            R"({"id":1,"status":"open","note":null})");
  ASSERT_EQ(effects_.events.size(), 2U);
  EXPECT_EQ(effects_.events[1].operation, "transition");
  EXPECT_EQ(to_json(effects_.events[1].details),
            R"({"transition":"submit","field":"status","from":"draft","to":"open"})");
  EXPECT_EQ(run("order", "update", R"({"where":{"id":1},"data":{"status":"paid"}})"),
            R"({"id":1,"status":"paid","note":null})");
}

TEST_F(TransitionTest, RefusesOthers) {
  EXPECT_EQ(run("order", "update", R"({"where":{"id":1},"data":{"status":"paid","note":"x"}})"),
            "error: Cannot transition order.status from 'draft' to 'paid' — valid transitions from "
            "'draft': 'submit'");
  EXPECT_EQ(to_json(*error_->details()),
            R"({"name":"TransitionViolationError","model":"order","field":"status",)"
            R"("from":"draft","to":"paid","retryable":false})");
  caller_.is_system = true;
  EXPECT_EQ(run("order", "update", R"({"where":{"id":1},"data":{"status":"closed"}})"),
            R"({"id":1,"status":"closed","note":null})");
  caller_.is_system = false;
  EXPECT_EQ(run("order", "update", R"({"where":{"id":1},"data":{"status":"draft"}})"),
            "error: Cannot transition order.status from 'closed' to 'draft' — valid transitions "
            "from 'closed': none");
}

TEST_F(TransitionTest, KnowsItsNames) {
  EXPECT_EQ(run("order", "transition", R"([1,"fly"])"),
            "error: Transition 'fly' not found on order — available: 'submit', 'pay', 'close'");
  EXPECT_EQ(error_->reason(), "TransitionNotFoundError");
  EXPECT_EQ(run("order", "transition", R"([99,"submit"])"), "null");
  EXPECT_EQ(run("order", "transition", R"([1,"submit"])"),
            R"({"id":1,"status":"open","note":null})");
  // Where it is already.
  EXPECT_EQ(run("order", "transition", R"([1,"submit"])"),
            R"({"id":1,"status":"open","note":null})");
  EXPECT_EQ(effects_.events.size(), 1U);
}

TEST_F(TransitionTest, DoesNotWatchBulkUpdates) {
  EXPECT_EQ(run("order", "updateMany", R"({"data":{"status":"closed"}})"), R"({"count":1})");
}

TEST_F(OrmTest, HasNoTransitionsWithoutABlock) {
  open(kUsers);
  const std::string answer = run("user", "transition", R"([1,"x"])");
  EXPECT_NE(answer.find("no transitions block"), std::string::npos) << answer;
}

}  // namespace
}  // namespace moonstone::orm
