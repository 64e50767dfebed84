// Moonstone. Licence: see LICENSE.
// The functions that a project adds to its models: computed fields, defaults, rules, hooks, events
// (litestone.md 28, 29, 32.3; decision 0031).

#include <string>
#include <string_view>

#include "runtime/jobs/list.h"
#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
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
    note String?
    label String @computed
    customerId Int?
    customer Customer? @relation(fields: [customerId], references: [id])
  })";

/// `const schema = ..` with the tree of a `.lite` text.
std::string lite_schema(std::string_view text) {
  const lite::ParseResult parsed = lite::parse(text);
  EXPECT_TRUE(parsed.valid) << (parsed.errors.empty() ? "" : parsed.errors.front().text);
  return "const schema = { lite: " + to_json(lite::make_catalog(*parsed.schema).value()->source) +
         " };\n";
}

constexpr std::string_view kCalls = R"js(
  create: mutation((ctx, data) => ctx.db.order.create({ data })),
  createMany: mutation((ctx, { rows }) => ctx.db.order.createMany({ data: rows })),
  update: mutation((ctx, { id, data }) => ctx.db.order.update({ where: { id }, data })),
  insert: mutation((ctx, document) => ctx.db.insert("order", document)),
  patch: mutation((ctx, { id, fields }) => ctx.db.patch(id, fields)),
  nested: mutation((ctx, data) => ctx.db.customer.create({ data })),
  all: query((ctx, args) => ctx.db.order.findMany(args)),
  customers: query((ctx, args) => ctx.db.customer.findMany(args)),
  count: query((ctx) => ctx.db.order.count({})),
  document: query((ctx, { id }) => ctx.db.get(id)),
  heard: mutation(() => null),
)js";

class ModelFunctionsTest : public RuntimeFixture {
 protected:
  /// `added`: what defineModels would be given for models, and for all.
  void open(std::string_view models, std::string_view every = "{}") {
    for (schema::Table& table : jobs::tables())
      system_tables_.push_back(std::move(table));
    load(std::string(kCalls) + "default: { _isModelFunctions: true, models: " +
             std::string(models) + ", every: " + std::string(every) + " },",
         lite_schema(kShop));
  }

  static std::string error_of_loading(std::string_view models, std::string_view every = "{}") {
    auto bundle = load_bundle(bundle_source(
        std::string(kCalls) + "default: { _isModelFunctions: true, models: " + std::string(models) +
            ", every: " + std::string(every) + " },",
        lite_schema(kShop)));
    return bundle ? "" : bundle.error().message();
  }

  /// The jobs that stand in the database, as "function arguments".
  std::vector<std::string> jobs_there() {
    std::vector<std::string> found;
    EXPECT_TRUE(reader_->begin());
    engine::DocumentReader documents(*reader_, {});
    const auto page = jobs::list(documents, {.status = {}, .cursor = {}, .limit = 100});
    EXPECT_TRUE(page);
    for (const jobs::Job& job : page->jobs)
      found.push_back(job.function + " " + job.args_json);
    reader_->end();
    return found;
  }
};

TEST_F(ModelFunctionsTest, ComputesFieldsOfRows) {
  open(R"js({ order: { computed: {
    label: (row) => `#${row.id}: ${row.total}`,
    loud: (row) => row.label + "!",
  } } })js");
  EXPECT_EQ(json_of(mutate("m:create", R"({"total":2})")),
            R"({"id":1,"total":2,"note":null,"customerId":null,"label":"#1: 2","loud":"#1: 2!"})");
  EXPECT_EQ(json_of(query("m:all", R"({"select":{"label":true}})")), R"([{"label":"#1: 2"}])");
  EXPECT_EQ(json_of(query("m:all", R"({"select":{"id":true}})")), R"([{"id":1}])");
  mutate("m:nested", R"({"name":"Ada","orders":{"connect":{"id":1}}})").value();
  EXPECT_EQ(json_of(query("m:customers",
                          R"({"select":{"orders":{"select":{"total":true,"label":true}}}})")),
            R"([{"orders":[{"total":2,"label":"#1: 2"}]}])");
  EXPECT_EQ(json_of(query("m:document", R"({"id":"order:1"})")),
            R"({"_id":"order:1","id":1,"total":2,"note":null,"customerId":1})");
}

TEST_F(ModelFunctionsTest, FillsWhatNobodyGaveAndChecksWhatIsWritten) {
  open(R"js({ Order: {
    defaults: { note: (data, ctx) => `${ctx.db.order.count({})} before, total ${data.total}` },
    validate: [{ check: (data) => data.total !== 13, message: "unlucky", path: ["total"] }],
  } })js");
  EXPECT_EQ(json_of(mutate("m:createMany", R"({"rows":[{"total":1},{"total":2,"note":"own"}]})")),
            R"({"count":2})");
  EXPECT_EQ(json_of(mutate("m:insert", R"({"total":3})")), R"("order:3")");
  EXPECT_EQ(json_of(query("m:all", R"({"select":{"note":true}})")),
            R"([{"note":"0 before, total 1"},{"note":"own"},{"note":"2 before, total 3"}])");
  for (const auto& [function, args] :
       {std::pair("m:create", R"({"total":13})"), std::pair("m:insert", R"({"total":13})"),
        std::pair("m:patch", R"({"id":"order:1","fields":{"total":13}})")}) {
    EXPECT_EQ(error_of(mutate(function, args)), "Validation failed — total: unlucky") << function;
  }
}

TEST_F(ModelFunctionsTest, CallsHooksAroundWritesOfModelsAndDocuments) {
  open(R"js({ order: { hooks: {
    before: {
      create: (ctx, hook) => { hook.args.data.note = "hooked"; },
      update: () => ({ select: { note: true } }),
      setters: (ctx, { args, operation }) => {
        if (args.data.total > 100) throw new RangeError(`${operation}: too much`);
      },
    },
    after: { create: (ctx, { result }) => { ctx.db.customer.create({ data: { name: `of ${result.id}` } }); } },
  } } })js");
  EXPECT_THAT(json_of(mutate("m:create", R"({"total":2})")), testing::HasSubstr("hooked"));
  EXPECT_EQ(json_of(mutate("m:update", R"({"id":1,"data":{"note":"x"}})")), R"({"note":"x"})");
  EXPECT_EQ(json_of(mutate("m:insert", R"({"total":2})")), R"("order:2")");
  EXPECT_EQ(json_of(query("m:customers", "{}")),
            R"([{"id":1,"name":"of 1"},{"id":2,"name":"of 2"}])");
  EXPECT_EQ(error_of(mutate("m:create", R"({"total":101})")), "create: too much");
  EXPECT_EQ(error_of(mutate("m:patch", R"({"id":"order:1","fields":{"total":101}})")),
            "update: too much");
  EXPECT_EQ(json_of(query("m:count")), "2");
}

TEST_F(ModelFunctionsTest, CallsHooksOfAllModelsAndAroundReads) {
  open("{}", R"js({ hooks: {
    before: { findMany: (ctx, hook) => ({ where: { total: { lt: 3 } } }) },
    after: { all: (ctx, hook) => {
      if (hook.operation === "count") return { result: `${hook.result} of ${hook.model}` };
    } },
  } })js");
  mutate("m:createMany", R"({"rows":[{"total":2},{"total":3}]})").value();
  EXPECT_EQ(json_of(query("m:all", R"({"select":{"total":true}})")), R"([{"total":2}])");
  EXPECT_EQ(json_of(query("m:count")), R"("2 of Order")");
}

TEST_F(ModelFunctionsTest, ThrowsWhatAHookHasThrown) {
  open(R"js({ order: { hooks: { before: { create: () => {
    throw Object.assign(new Error("no"), { code: 7 });
  } } } } })js");
  load(std::string(kCalls) + R"js(
    caught: mutation(async (ctx) => {
      try { await ctx.db.order.create({ data: { total: 1 } }); }
      catch (error) { return [error.message, error.code]; }
    }),
    default: { _isModelFunctions: true, models: { order: { hooks: { before: { create: () => {
      throw Object.assign(new Error("no"), { code: 7 });
    } } } } } },)js",
       lite_schema(kShop));
  EXPECT_EQ(json_of(mutate("m:caught")), R"(["no",7])");
}

TEST_F(ModelFunctionsTest, RefusesPromisesAndEndlessNesting) {
  open(R"js({
    order: { computed: { label: async () => "late" } },
    customer: { hooks: { before: { create: (ctx) => {
      ctx.db.customer.create({ data: { name: "again" } });
    } } } },
  })js");
  EXPECT_THAT(error_of(mutate("m:create", R"({"total":2})")),
              testing::HasSubstr("the field label of the model Order returned a promise"));
  const auto nested = mutate("m:nested", R"({"name":"Ada"})");
  EXPECT_EQ(reason_of(nested), "model_hooks") << error_of(nested);
  EXPECT_EQ(json_of(query("m:customers", "{}")), "[]");
}

TEST_F(ModelFunctionsTest, StopsAHookThatNeverEnds) {
  time_max_ = std::chrono::milliseconds(50);
  open(R"js({ order: { hooks: { before: { create: () => { for (;;); } } } } })js");
  EXPECT_EQ(reason_of(mutate("m:create", R"({"total":2})")), "time_limit");
  time_max_ = std::chrono::milliseconds(20'000);
  EXPECT_EQ(json_of(query("m:count")), "0");
}

TEST_F(ModelFunctionsTest, SchedulesListenersWithTheTransaction) {
  open(R"js({ order: { events: { create: "m:heard" } } })js",
       R"js({ events: { change: ["m:heard"] } })js");
  mutate("m:insert", R"({"total":2})").value();
  EXPECT_EQ(jobs_there(),
            (std::vector<std::string>(
                2, R"(m:heard {"model":"Order","operation":"create","result":{"id":1,"total":2,)"
                   R"("note":null,"customerId":null}})")));
  EXPECT_FALSE(mutate("m:insert", R"({"total":"x"})"));
  EXPECT_EQ(jobs_there().size(), 2U);
  mutate("m:update", R"({"id":1,"data":{"total":3}})").value();
  EXPECT_EQ(jobs_there().size(), 3U);
}

TEST_F(ModelFunctionsTest, ReadsThemInsideOtherWorkToo) {
  open(R"js({ order: { hooks: { before: { create: (ctx, hook) => {
    console.log("seen", ctx.isSystem, ctx.auth);
    hook.args.data.note = "inside";
  } } } } })js");
  store::Writer& writer = store_->writer();
  ASSERT_TRUE(writer.begin());
  engine::Transaction transaction({.writer = &writer,
                                   .ids = &ids_,
                                   .session = &session_,
                                   .limits = &engine_limits_,
                                   .now_unix_ms = kNow,
                                   .random_seed = seed_,
                                   .deadline = std::chrono::steady_clock::now() + time_max_,
                                   .rules = rules_.get()});
  Call call = new_call("m:create", "{}");
  call.reader = &transaction;
  call.transaction = &transaction;
  std::string written;
  const auto outcome = isolate_->run_inside(bundle_, call, [&]() -> Status {
    orm::Effects effects;
    const orm::Call made{.model = "order",
                         .method = "create",
                         .arguments = Object{{"data", Value(Object{{"total", 1}})}}};
    MS_TRY(const orm::Outcome row,
           bundle_->orm->write(transaction, {.auth = {}, .is_system = true}, made, effects));
    written = to_json(orm::to_value(row));
    return {};
  });
  ASSERT_TRUE(outcome) << outcome.error().message();
  ASSERT_TRUE(writer.commit());
  EXPECT_EQ(written, R"({"id":1,"total":1,"note":"inside","customerId":null})");
  ASSERT_EQ(outcome->console.size(), 1U);
  EXPECT_EQ(outcome->console.front().text, "seen true null");
}

TEST_F(ModelFunctionsTest, RefusesWhatTheSchemaDoesNotKnow) {
  using testing::HasSubstr;
  EXPECT_THAT(error_of_loading("{ ordr: {} }"), HasSubstr("ordr is no model of schema.lite"));
  EXPECT_THAT(error_of_loading("{ order: {}, Order: {} }"), HasSubstr("is there twice"));
  EXPECT_THAT(error_of_loading("{ order: { computed: { total: () => 1 } } }"),
              HasSubstr("computed.total is stored"));
  EXPECT_THAT(error_of_loading("{ order: { defaults: { totl: () => 1 } } }"),
              HasSubstr("defaults.totl is no stored field"));
  EXPECT_THAT(error_of_loading("{ order: { hooks: { after: { make: () => 1 } } } }"),
              HasSubstr("hooks.after.make is no operation"));
  EXPECT_THAT(error_of_loading("{ order: { hooks: { before: { upsert: () => 1 } } } }"),
              HasSubstr("hooks.before.upsert is no operation"));
  EXPECT_THAT(error_of_loading("{}", R"({ events: { gone: "m:heard" } })"),
              HasSubstr("events.gone is no event"));
  EXPECT_THAT(error_of_loading("{}", R"({ events: { create: "m:all" } })"),
              HasSubstr("names m:all, which is no mutation or action"));
  const auto documents = load_bundle(bundle_source(
      "default: { _isModelFunctions: true, models: {} },", "const schema = { tables: {} };"));
  EXPECT_THAT(documents ? "" : documents.error().message(), HasSubstr("schema.lite"));
}

}  // namespace
}  // namespace moonstone::runtime
