// Moonstone. Licence: see LICENSE.
//
// ctx.scheduler inside V8, and the cron jobs that a bundle declares.
#include "runtime/jobs/list.h"
#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

using testing::HasSubstr;

class SchedulerTest : public RuntimeFixture {
 protected:
  /// Loads functions beside the tables of the system, as a deploy would.
  void load_with_jobs(std::string_view functions) {
    load(functions);
    schema::Schema schema = bundle_->schema;
    for (schema::Table& table : jobs::tables())
      schema.tables.push_back(std::move(table));
    const auto applied =
        store_->writer().apply_schema(std::move(schema), store::Writer::AllowDataLoss::No);
    ASSERT_TRUE(applied) << applied.error().message();
  }

  std::vector<jobs::Job> scheduled() {
    EXPECT_TRUE(reader_->begin());
    engine::DocumentReader documents(*reader_, {});
    auto page = jobs::list(documents, {.status = {}, .cursor = {}, .limit = 100});
    EXPECT_TRUE(page) << page.error().message();
    reader_->end();
    return page ? page->jobs : std::vector<jobs::Job>();
  }

  /// The message of a bundle that is refused; the text is the body of its module `crons`.
  static std::string refusal(const std::string& modules) {
    std::string code(kBundleStart);
    code += "const list = (...jobs) => ({ default: { _isCronJobs: true, jobs } });\n";
    code += "return { modules: " + modules + " };\n})();\n";
    const auto bundle = load_bundle({.code = code, .source_map = {}});
    return bundle ? "" : bundle.error().message();
  }
};

TEST_F(SchedulerTest, SchedulesWhatAMutationAsksFor) {
  load_with_jobs(R"js(
    later: mutation((ctx) => ctx.scheduler.runAfter(1000, "m:run", { a: [1, "x"] })),
    then: mutation((ctx) => ctx.scheduler.runAt(ctx.now + 5, { _name: "m:run" }, undefined,
      { retry: { attempts: 2 } })),
    proxy: mutation((ctx) => ctx.scheduler.runAfter(0,
      new Proxy({}, { get: (_, name) => name === "_name" ? "m:proxied" : undefined }))),
  )js");
  const std::string id = json_of(mutate("m:later"));
  EXPECT_THAT(id, HasSubstr("\"_jobs:"));
  EXPECT_THAT(json_of(mutate("m:then")), HasSubstr("\"_jobs:"));
  EXPECT_THAT(json_of(mutate("m:proxy")), HasSubstr("\"_jobs:"));
  const std::vector<jobs::Job> jobs = scheduled();
  ASSERT_EQ(jobs.size(), 3U);
  EXPECT_EQ(jobs[0].function, "m:proxied");
  EXPECT_EQ(jobs[1].run_at, kNow + 5);
  EXPECT_EQ(jobs[1].args_json, "{}");
  EXPECT_EQ(jobs[1].retry->attempts, 2);
  EXPECT_EQ('"' + jobs[2].id + '"', id);
  EXPECT_EQ(jobs[2].args_json, R"({"a":[1,"x"]})");
  EXPECT_EQ(jobs[2].run_at, kNow + 1000);
  EXPECT_EQ(jobs[2].origin, "m:later");
}

TEST_F(SchedulerTest, CancelsByIdAndNamesOtherThings) {
  load_with_jobs(R"js(
    both: mutation(async (ctx) => {
      const id = await ctx.scheduler.runAfter(1000, "m:run");
      return [await ctx.scheduler.cancel(id), await ctx.scheduler.cancel("_jobs:none")];
    }),
    bad: mutation((ctx) => ctx.scheduler.cancel(5)),
  )js");
  EXPECT_EQ(json_of(mutate("m:both")), "[null,null]");
  EXPECT_EQ(scheduled()[0].status, jobs::JobStatus::Cancelled);
  EXPECT_EQ(error_of(mutate("m:bad")),
            "scheduler.cancel(): the id of the job must be a text, got 5");
}

TEST_F(SchedulerTest, SchedulesNothingThatWasThrownAway) {
  load_with_jobs(R"js(
    fails: mutation(async (ctx) => { await ctx.scheduler.runAfter(0, "m:run"); throw new Error("x"); }),
    catches: mutation(async (ctx) => {
      try { await ctx.scheduler.runAfter("soon", "m:run"); } catch (error) { return error.message; }
    }),
    date: mutation((ctx) => ctx.scheduler.runAt(new Date(0), "m:run")),
    args: mutation((ctx) => ctx.scheduler.runAfter(0, "m:run", { f: () => 1 })),
  )js");
  EXPECT_EQ(error_of(mutate("m:fails")), "x");
  EXPECT_EQ(
      json_of(mutate("m:catches")),
      "\"scheduler.runAfter: the delay in milliseconds must be a finite number, got string\"");
  EXPECT_THAT(error_of(mutate("m:date")), HasSubstr("scheduler.runAt: the time"));
  EXPECT_THAT(error_of(mutate("m:args")), HasSubstr("scheduler.runAfter: the arguments"));
  EXPECT_TRUE(scheduled().empty());
}

TEST_F(SchedulerTest, IsAbsentInQueries) {
  load_with_jobs("has: query((ctx) => typeof ctx.scheduler)");
  EXPECT_EQ(json_of(query("m:has")), "\"undefined\"");
}

TEST_F(SchedulerTest, KeepsItsLimits) {
  limits_.jobs.per_mutation_max = 2;
  limits_.jobs.args_bytes_max = 10;
  SetUp();
  load_with_jobs(R"js(
    many: mutation(async (ctx, { n }) => {
      for (let i = 0; i < n; i++) await ctx.scheduler.runAfter(0, "m:run");
    }),
    large: mutation((ctx) => ctx.scheduler.runAfter(0, "m:run", { text: "0123456789" })),
  )js");
  EXPECT_EQ(json_of(mutate("m:many", R"({"n":2})")), "(undefined)");
  EXPECT_EQ(reason_of(mutate("m:many", R"({"n":3})")), "jobs_per_mutation");
  EXPECT_EQ(reason_of(mutate("m:large")), "job_args");
}

TEST_F(SchedulerTest, ABundleTellsItsCronJobs) {
  std::string code(kBundleStart);
  code += R"js(
    return { modules: {
      // Whatever its name is; a list below a folder is none.
      times: { default: { _isCronJobs: true, jobs: [
        { name: "a", schedule: { type: "interval", ms: 1500.5 }, fnName: "m:f", args: { n: 1 } },
        { name: "b", schedule: { type: "cron", expression: "0 3 * * *" }, fnName: "m:g", args: {} },
      ] } },
      "below/crons": { default: { _isCronJobs: true, jobs: [{ name: "no" }] } },
      other: { default: { jobs: [{ name: "no" }] } },
    } };
  })();)js";
  const auto bundle = load_bundle({.code = code, .source_map = {}});
  ASSERT_TRUE(bundle) << bundle.error().message();
  const auto& crons = (*bundle)->crons;
  ASSERT_EQ(crons.size(), 2U);
  EXPECT_EQ(crons[0].name, "a");
  EXPECT_EQ(crons[0].schedule.interval_ms, 1501);
  EXPECT_EQ(crons[0].function, "m:f");
  EXPECT_EQ(crons[0].args_json, R"({"n":1})");
  EXPECT_EQ(crons[1].schedule.expression, "0 3 * * *");
  EXPECT_EQ(crons[1].schedule.interval_ms, 0);
}

TEST_F(SchedulerTest, ABundleWithBadCronJobsIsRefused) {
  EXPECT_EQ(refusal(R"({ crons: list({ name: "x", schedule: { expression: "0 0 30 2 *" },
                         fnName: "m:f", args: {} }) })"),
            "Cron \"x\": Could not find next cron time within 366 days");
  EXPECT_EQ(refusal(R"({ crons: list({ name: "x", schedule: { ms: 5 }, fnName: "m:f" }) })"),
            "Cron \"x\": interval must be at least 100 ms");
  EXPECT_EQ(refusal(R"({ crons: list({ schedule: { ms: 5000 }, fnName: "m:f" }) })"),
            "A cron job needs a name that is not empty");
  EXPECT_EQ(refusal("{ crons: list(), more: list() }"),
            "\"crons\" and \"more\" both export cron jobs; move them into one file");
}

}  // namespace
}  // namespace moonstone::runtime
