// Moonstone. Licence: see LICENSE.
// The ORM of the public API on the engine, the orm module and the live queries: it converts, and
// holds no rules.
#include "moonstone/orm.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "base/json.h"
#include "embed/internal/orm_values.h"
#include "embed/internal/outcome.h"
#include "embed/internal/subscriptions.h"
#include "engine/database.h"
#include "orm/orm.h"
#include "schema/lite/catalog.h"
#include "schema/lite/parse.h"

namespace moonstone::embed {
namespace {

/// A program that embeds the database decides itself how much it asks for.
engine::Limits program_limits() {
  engine::Limits limits;
  limits.rows_read_max = 20'000'000;
  limits.bytes_read_max = std::uint64_t{2} << 30U;
  limits.rows_written_max = 20'000'000;
  limits.bytes_written_max = std::uint64_t{2} << 30U;
  return limits;
}

store::ReadBudget read_budget() {
  const engine::Limits limits = program_limits();
  return {.rows_left = limits.rows_read_max, .bytes_left = limits.bytes_read_max};
}

Result<schema::CatalogPtr> catalog_of(const Orm::Options& options) {
  const lite::ParseResult parsed = lite::parse(options.schema);
  if (!parsed.valid) {
    std::string message = "the schema has errors:";
    for (const lite::Problem& problem : parsed.errors)
      message += "\n  " + problem.text;
    return Error(ErrorCode::InvalidArgument, std::move(message), "schema");
  }
  return lite::make_catalog(*parsed.schema, {.database = "main",
                                             .pluralize = options.pluralize ? lite::Pluralize::Yes
                                                                            : lite::Pluralize::No});
}

Result<orm::Caller> caller_of(const Orm::Options& options) {
  orm::Caller caller;
  if (!options.auth_json.empty()) {
    MS_TRY(caller.auth, parse_json(options.auth_json));
  }
  return caller;
}

class TransactionAdapter final : public OrmTransaction {
 public:
  TransactionAdapter(engine::WriterTurn& turn, orm::Orm& orm, const orm::Caller& caller)
      : turn_(turn), orm_(orm), caller_(caller) {}

  Outcome<Answer> call(std::string_view model,
                       std::string_view method,
                       const Arguments& arguments) override {
    orm::Outcome outcome;
    const Status done = turn_.use([&](engine::Transaction& transaction) -> Status {
      orm::Effects effects{.events = {}, .are_wanted = false};
      MS_TRY(outcome,
             orm_.write(transaction, caller_,
                        {.model = model, .method = method, .arguments = arguments.impl().value},
                        effects));
      return {};
    });
    if (!done) return fail(done.error());
    return answer_of(std::move(outcome));
  }

 private:
  engine::WriterTurn& turn_;
  orm::Orm& orm_;
  const orm::Caller& caller_;
};

class OrmAdapter final : public Orm {
 public:
  OrmAdapter(std::unique_ptr<engine::Database> database,
             std::unique_ptr<orm::Orm> orm,
             orm::Caller caller)
      : orm_(std::move(orm)), caller_(std::move(caller)), database_(std::move(database)) {}

  Status start() {
    MS_TRY(schema::Schema schema, schema::make_schema(orm_->catalog()));
    MS_TRY_STATUS(database_->apply_schema(std::move(schema), store::Writer::AllowDataLoss::No));
    return {};
  }

  Outcome<Answer> call(std::string_view model,
                       std::string_view method,
                       const Arguments& arguments) override {
    const orm::Call made{.model = model, .method = method, .arguments = arguments.impl().value};
    if (orm_->is_read(method).value_or(true)) {
      auto outcome = read(made);
      if (!outcome) return fail(outcome.error());
      return answer_of(*std::move(outcome));
    }
    std::optional<Answer> answer;
    auto done = transaction([&](OrmTransaction& inner) -> Outcome<void> {
      auto given = inner.call(model, method, arguments);
      if (!given) return std::unexpected(std::move(given.error()));
      answer = *std::move(given);
      return {};
    });
    if (!done) return std::unexpected(std::move(done.error()));
    return *std::move(answer);
  }

  Outcome<void> transaction(const std::function<Outcome<void>(OrmTransaction&)>& body) override {
    engine::TurnOptions options;
    options.function = "orm";
    auto turn = database_->begin_turn(std::move(options));
    if (!turn) return fail(turn.error());
    TransactionAdapter adapter(**turn, *orm_, caller_);
    if (auto done = body(adapter); !done) return done;
    if (auto committed = (*turn)->commit(); !committed) return fail(committed.error());
    return {};
  }

  Outcome<std::unique_ptr<Subscription>> subscribe(std::string_view model,
                                                   std::string_view method,
                                                   const Arguments& arguments,
                                                   Database::OnResult on_result) override {
    if (!orm_->is_read(method).value_or(false)) {
      return std::unexpected(Failure{.code = "invalid_argument",
                                     .message = std::string(method) + " is no method that reads",
                                     .details_json = {}});
    }
    auto live = live_queries();
    if (!live) return fail(live.error());
    live::QueryDefinition definition{
        .key = "orm:" + std::to_string(++last_key_),
        .run = run_function(std::string(model), std::string(method), arguments.impl().value)};
    return embed::subscribe(**live, std::move(definition), std::move(on_result));
  }

 private:
  /// From the first subscription on: whoever has none is spared its threads and what a commit costs
  /// to tell them.
  Result<live::LiveQueries*> live_queries() {
    const std::lock_guard lock(live_mutex_);
    if (live_ == nullptr) {
      MS_TRY(live_, live::LiveQueries::create(*database_, {}));
    }
    return live_.get();
  }

  live::RunFunction run_function(std::string model, std::string method, Value arguments) {
    return [this, model = std::move(model), method = std::move(method),
            arguments = std::move(arguments)](engine::ReadSession& session,
                                              std::chrono::steady_clock::time_point deadline) {
      store::ReadBudget budget = read_budget();
      budget.deadline = deadline;
      engine::DocumentReader reader(session.source(), budget);
      live::RunResult result;
      const auto outcome =
          orm_->read(reader, caller_, {.model = model, .method = method, .arguments = arguments});
      if (outcome) {
        auto json = std::make_shared<std::string>();
        orm::write_json(*outcome, *json);
        result.json = live::SharedText(std::move(json));
      } else {
        result.json = Error(outcome.error());
      }
      result.footprint = std::make_shared<const query::Footprint>(reader.take_footprint());
      return result;
    };
  }

  Result<orm::Outcome> read(const orm::Call& made) {
    const std::lock_guard lock(reader_mutex_);
    if (reader_ == nullptr) {
      MS_TRY(reader_, database_->new_reader(store::KeepSnapshot::Yes));
    }
    MS_TRY_STATUS(reader_->begin());
    engine::DocumentReader reader(reader_->source(), read_budget());
    reader.stop_recording();
    auto outcome = orm_->read(reader, caller_, made);
    reader_->end();
    return outcome;
  }

  std::unique_ptr<orm::Orm> orm_;
  orm::Caller caller_;
  std::unique_ptr<engine::Database> database_;
  std::mutex live_mutex_;
  std::unique_ptr<live::LiveQueries> live_;  // guarded by live_mutex_; lasts from then on
  std::atomic<std::uint64_t> last_key_{0};
  std::mutex reader_mutex_;
  std::unique_ptr<engine::ReadSession> reader_;  // guarded by reader_mutex_; opened on first use
};

}  // namespace

Outcome<std::unique_ptr<Orm>> Orm::open(const Options& options) {
  const auto opened = [&]() -> Result<std::unique_ptr<OrmAdapter>> {
    MS_TRY(schema::CatalogPtr catalog, catalog_of(options));
    MS_TRY(orm::Caller caller, caller_of(options));
    engine::DatabaseOptions inner;
    inner.limits = program_limits();
    inner.store.path = options.path;
    inner.store.durability = options.durability == Durability::Full ? store::Durability::Full
                                                                    : store::Durability::Normal;
    inner.store.page_bytes = store::kModelPageBytes;
    inner.store.cache_bytes = store::kProgramCacheBytes;
    // Pages are twice as large as others', and so is the WAL.
    inner.store.wal.copy_bytes *= 2;
    inner.store.wal.drain_bytes *= 2;
    auto database = engine::Database::open(inner);
    if (!database && database.error().reason() == "foreign_file") {
      // Somebody else's file: its tables stay as they are.
      inner.store.foreign_file = store::ForeignFile::Adopt;
      database = engine::Database::open(std::move(inner));
    }
    if (!database) return std::move(database).error();
    auto adapter = std::make_unique<OrmAdapter>(
        *std::move(database), orm::Orm::make(std::move(catalog), {}), std::move(caller));
    MS_TRY_STATUS(adapter->start());
    return adapter;
  };
  auto adapter = opened();
  if (!adapter) return fail(adapter.error());
  return *std::move(adapter);
}

}  // namespace moonstone::embed
