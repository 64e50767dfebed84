// Moonstone. Licence: see LICENSE.
#pragma once
// A bundle, an isolate and a store in a temporary folder, driven from the thread of the test.

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/json.h"
#include "base/ulid.h"
#include "engine/limits.h"
#include "engine/session.h"
#include "engine/transaction.h"
#include "orm/record_rules.h"
#include "runtime/bundle.h"
#include "runtime/isolate.h"
#include "runtime/model_host.h"
#include "store/sqlite/sqlite_store.h"

namespace moonstone::runtime {

/// What a bundle starts with: just enough of @moonstone/server for tests.
inline constexpr std::string_view kBundleStart = R"js(var __moonstone = (() => {
const make = (json) => ({ kind: json.type, json });
const v = {
  string: () => make({ type: "string" }), number: () => make({ type: "number" }),
  int64: () => make({ type: "int64" }), boolean: () => make({ type: "boolean" }),
  any: () => make({ type: "any" }), bytes: () => make({ type: "bytes" }),
  null: () => make({ type: "null" }), id: (t) => make({ type: "id", tableName: t }),
  optional: (x) => make({ type: "optional", value: x.json }),
  array: (x) => make({ type: "array", value: x.json }),
  union: (...xs) => make({ type: "union", value: xs.map((x) => x.json) }),
  object: (fields) => make({ type: "object", value: json(fields) }),
};
const json = (fields) => Object.fromEntries(Object.entries(fields).map(([k, x]) => [k, x.json]));
const table = (fields, indexes = []) => ({ fields: json(fields), indexes });
const register = (_type) => (handler, _argsValidator, _returnsValidator) =>
  ({ _type, _isInternal: false, _argsValidator, _returnsValidator, handler });
const query = register("query");
const mutation = register("mutation");
)js";
inline constexpr std::string_view kBundleEnd = "\nreturn { modules: { m }, schema };\n})();\n";

/// The schema of most tests.
inline constexpr std::string_view kNotesSchema = R"js(
const schema = { tables: { notes: table(
  { title: v.string(), rank: v.optional(v.number()), big: v.optional(v.int64()),
    data: v.optional(v.bytes()), tags: v.optional(v.array(v.string())),
    any: v.optional(v.any()), maybe: v.optional(v.union(v.string(), v.null())) },
  [{ name: "by_rank", fields: ["rank"] }, { name: "by_title_rank", fields: ["title", "rank"] }])
} };
)js";

inline BundleSource bundle_source(std::string_view functions,
                                  std::string_view schema = kNotesSchema) {
  std::string code(kBundleStart);
  code += schema;
  code += "const m = {\n";
  code += functions;
  code += "\n};";
  code += kBundleEnd;
  return {.code = std::move(code), .source_map = {}};
}

class RuntimeFixture : public testing::Test {
 protected:
  static constexpr std::int64_t kNow = 1'700'000'000'000;

  void SetUp() override {
    // Tests with other limits call this a second time.
    if (folder_.empty()) {
      folder_ = std::filesystem::temp_directory_path() /
                ("moonstone-runtime-" + std::to_string(system_random().next()));
      std::filesystem::create_directories(folder_);
    }
    auto isolate = Isolate::create(limits_);
    ASSERT_TRUE(isolate) << isolate.error().message();
    isolate_ = *std::move(isolate);
  }

  void TearDown() override {
    isolate_.reset();
    reader_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  /// Loads a bundle whose module `m` has these functions, and applies its schema.
  void load(std::string_view functions, std::string_view schema = kNotesSchema) {
    load(bundle_source(functions, schema));
  }
  void load(BundleSource source) {
    auto bundle = load_bundle(std::move(source));
    ASSERT_TRUE(bundle) << bundle.error().message() << "\n" << bundle.error().stack();
    bundle_ = *std::move(bundle);
    if (store_ == nullptr) {
      auto store = store::open_sqlite_store({.path = (folder_ / "data.db").string(),
                                             .durability = store::Durability::Normal,
                                             .vfs = {}});
      ASSERT_TRUE(store) << store.error().message();
      store_ = *std::move(store);
    }
    schema::Schema schema = bundle_->schema;
    schema.tables.insert(schema.tables.end(), system_tables_.begin(), system_tables_.end());
    auto applied =
        store_->writer().apply_schema(std::move(schema), store::Writer::AllowDataLoss::Yes);
    ASSERT_TRUE(applied) << applied.error().message();
    if (reader_ == nullptr) reader_ = *store_->new_reader();
  }

  Call new_call(std::string_view name, std::string_view args) {
    Call call;
    call.function = bundle_->find(name);
    EXPECT_NE(call.function, nullptr) << name;
    call.args = args.empty() ? Value() : *parse_json(args);
    if (call.function->args != nullptr) {
      EXPECT_TRUE(schema::check_and_convert(*call.function->args, call.args));
    }
    call.session = &session_;
    call.orm = bundle_->orm.get();
    call.now_unix_ms = kNow;
    call.random_seed = seed_;
    call.deadline = std::chrono::steady_clock::now() + time_max_;
    return call;
  }

  Result<CallOutcome> query(std::string_view name, std::string_view args = "{}") {
    Call call = new_call(name, args);
    EXPECT_TRUE(reader_->begin());
    store::ReadBudget budget;
    budget.deadline = call.deadline;
    budget.rows_left = engine_limits_.rows_read_max;
    budget.bytes_left = engine_limits_.bytes_read_max;
    engine::DocumentReader documents(*reader_, budget);
    call.reader = &documents;
    auto outcome = isolate_->run(bundle_, call);
    footprint_ = documents.take_footprint();
    reader_->end();
    return outcome;
  }

  Result<CallOutcome> mutate(std::string_view name, std::string_view args = "{}") {
    Call call = new_call(name, args);
    store::Writer& writer = store_->writer();
    EXPECT_TRUE(writer.begin());
    const auto mark = writer.mark();
    EXPECT_TRUE(mark);
    engine::Transaction transaction({.writer = &writer,
                                     .ids = &ids_,
                                     .session = &session_,
                                     .limits = &engine_limits_,
                                     .now_unix_ms = kNow,
                                     .random_seed = seed_,
                                     .deadline = call.deadline,
                                     .rules = rules_.get()});
    call.reader = &transaction;
    call.transaction = &transaction;
    auto outcome = isolate_->run(bundle_, call);
    if (outcome) {
      EXPECT_TRUE(writer.release(*mark));
    } else {
      EXPECT_TRUE(writer.rollback_to(*mark));
      EXPECT_TRUE(writer.release(*mark));
    }
    EXPECT_TRUE(writer.commit());
    return outcome;
  }

  /// The JSON of a call that must succeed; "(undefined)" if there is none.
  static std::string json_of(const Result<CallOutcome>& outcome) {
    if (!outcome) return "ERROR " + outcome.error().message();
    return outcome->json.value_or("(undefined)");
  }
  static std::string error_of(const Result<CallOutcome>& outcome) {
    return outcome ? "NO ERROR, but " + outcome->json.value_or("(undefined)")
                   : outcome.error().message();
  }
  static std::string reason_of(const Result<CallOutcome>& outcome) {
    return outcome ? "NO ERROR" : outcome.error().reason();
  }

  RuntimeLimits limits_;
  std::chrono::milliseconds time_max_{20'000};  // generous: only runaways come near it
  std::uint64_t seed_ = 42;
  std::vector<schema::Table> system_tables_;  // beside those of the bundle
  engine::Session session_;
  engine::Limits engine_limits_;
  std::filesystem::path folder_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<store::Reader> reader_;
  UlidGenerator ids_{system_random()};
  std::unique_ptr<engine::RecordRules> rules_ = orm::make_record_rules({.host = &model_host()});
  std::unique_ptr<Isolate> isolate_;
  BundlePtr bundle_;
  query::Footprint footprint_;
};

}  // namespace moonstone::runtime
