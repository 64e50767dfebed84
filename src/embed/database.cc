// Moonstone. Licence: see LICENSE.
// The embedding API on the engine and the live queries: it converts, and holds no rules.
#include "engine/database.h"

#include <atomic>
#include <mutex>
#include <utility>

#include "base/json.h"
#include "embed/internal/outcome.h"
#include "embed/internal/subscriptions.h"
#include "live/live_queries.h"
#include "moonstone/moonstone.h"
#include "query/expr_json.h"
#include "query/query.h"

namespace moonstone::embed {

namespace {

Result<Object> parse_object(std::string_view json) {
  MS_TRY(Value value, parse_json(json));
  if (value.is_object()) return std::move(value.as_object());
  return Error(ErrorCode::InvalidArgument, "a document must be a JSON object");
}

Result<query::Query> plan_of(const Query& query) {
  query::Query plan{.table = query.table, .where = nullptr, .order = {}, .limit = query.limit};
  if (!query.filter_json.empty()) {
    MS_TRY(const Value filter, parse_json(query.filter_json));
    MS_TRY(plan.where, query::parse_expr_json(filter));
  }
  const auto direction =
      query.order == Order::Ascending ? query::Direction::Ascending : query::Direction::Descending;
  if (!query.order_by.empty())
    plan.order.push_back({.field = query.order_by, .direction = direction});
  plan.tie_break = direction;
  return plan;
}

std::string json_of(const query::Row& row) {
  std::string json;
  query::write_document_json(row, json);
  return json;
}

Result<std::optional<std::string>> get_document(engine::DocumentReader& reader,
                                                std::string_view id) {
  MS_TRY(const std::optional<query::Row> row, reader.get(id));
  if (!row) return std::optional<std::string>();
  return std::optional(json_of(*row));
}

Result<std::vector<std::string>> find_documents(engine::DocumentReader& reader,
                                                const Query& query) {
  MS_TRY(const query::Query plan, plan_of(query));
  MS_TRY(const std::vector<query::Row> rows, reader.select(plan));
  std::vector<std::string> documents;
  documents.reserve(rows.size());
  for (const query::Row& row : rows)
    documents.push_back(json_of(row));
  return documents;
}

class TransactionAdapter final : public Transaction {
 public:
  explicit TransactionAdapter(engine::Transaction& transaction) : transaction_(transaction) {}

  Outcome<std::string> insert(std::string_view table, std::string_view document_json) override {
    auto document = parse_object(document_json);
    if (!document) return fail(document.error());
    return outcome_of(transaction_.insert(table, *std::move(document)));
  }
  Outcome<void> patch(std::string_view id, std::string_view fields_json) override {
    auto fields = parse_object(fields_json);
    if (!fields) return fail(fields.error());
    return outcome_of(transaction_.patch(id, *std::move(fields)));
  }
  Outcome<void> replace(std::string_view id, std::string_view document_json) override {
    auto document = parse_object(document_json);
    if (!document) return fail(document.error());
    return outcome_of(transaction_.replace(id, *std::move(document)));
  }
  Outcome<void> erase(std::string_view id) override { return outcome_of(transaction_.erase(id)); }
  Outcome<std::optional<std::string>> get(std::string_view id) override {
    return outcome_of(get_document(transaction_, id));
  }
  Outcome<std::vector<std::string>> find(const Query& query) override {
    return outcome_of(find_documents(transaction_, query));
  }

 private:
  engine::Transaction& transaction_;
};

live::RunFunction run_function_of(query::Query plan) {
  return [plan = std::move(plan)](engine::ReadSession& session,
                                  std::chrono::steady_clock::time_point deadline) {
    engine::DocumentReader reader(session.source(), {.deadline = deadline});
    live::RunResult result;
    auto rows = reader.select(plan);
    if (rows) {
      auto json = std::make_shared<std::string>("[");
      for (const query::Row& row : *rows) {
        if (json->size() > 1) json->push_back(',');
        query::write_document_json(row, *json);
      }
      json->push_back(']');
      result.json = live::SharedText(std::move(json));
    } else {
      result.json = Error(rows.error());
    }
    result.footprint = std::make_shared<const query::Footprint>(reader.take_footprint());
    return result;
  };
}

class DatabaseAdapter final : public Database {
 public:
  explicit DatabaseAdapter(std::unique_ptr<engine::Database> database)
      : database_(std::move(database)) {}

  Status start() {
    MS_TRY(live_, live::LiveQueries::create(*database_, {}));
    return {};
  }

  Outcome<std::vector<std::string>> apply_schema(std::string_view schema_json,
                                                 DataLoss data_loss) override {
    const auto apply = [&]() -> Result<std::vector<std::string>> {
      MS_TRY(const Value json, parse_json(schema_json));
      MS_TRY(schema::Schema schema, schema::parse_schema_json(json));
      using Allow = store::Writer::AllowDataLoss;
      MS_TRY(const auto applied,
             database_->apply_schema(std::move(schema),
                                     data_loss == DataLoss::Accept ? Allow::Yes : Allow::No));
      std::vector<std::string> lines;
      for (const schema::SchemaChange& change : applied.diff.changes) {
        lines.push_back(schema::describe(change));
      }
      return lines;
    };
    return outcome_of(apply());
  }

  Outcome<void> transaction(std::function<Outcome<void>(Transaction&)> body) override {
    engine::MutationCall call;
    call.function = "embed:transaction";
    Failure user_failure;
    call.body = [&body,
                 &user_failure](engine::Transaction& inner) -> Result<std::optional<std::string>> {
      TransactionAdapter adapter(inner);
      if (auto done = body(adapter); !done) {
        user_failure = std::move(done.error());
        return Error(ErrorCode::Cancelled, user_failure.message, "embed_body");
      }
      return std::optional<std::string>();
    };
    auto outcome = database_->run(std::move(call));
    if (outcome) return {};
    if (outcome.error().reason() == "embed_body") return std::unexpected(std::move(user_failure));
    return fail(outcome.error());
  }

  Outcome<std::string> insert(std::string_view table, std::string_view document_json) override {
    std::string id;
    auto done = transaction([&](Transaction& inner) -> Outcome<void> {
      auto inserted = inner.insert(table, document_json);
      if (!inserted) return std::unexpected(std::move(inserted.error()));
      id = *std::move(inserted);
      return {};
    });
    if (!done) return std::unexpected(std::move(done.error()));
    return id;
  }
  Outcome<void> patch(std::string_view id, std::string_view fields_json) override {
    return transaction([&](Transaction& inner) { return inner.patch(id, fields_json); });
  }
  Outcome<void> erase(std::string_view id) override {
    return transaction([&](Transaction& inner) { return inner.erase(id); });
  }

  Outcome<std::optional<std::string>> get(std::string_view id) override {
    return outcome_of(
        read([&](engine::DocumentReader& reader) { return get_document(reader, id); }));
  }
  Outcome<std::vector<std::string>> find(const Query& query) override {
    return outcome_of(
        read([&](engine::DocumentReader& reader) { return find_documents(reader, query); }));
  }
  Outcome<std::uint64_t> count(const Query& query) override {
    return outcome_of(read([&](engine::DocumentReader& reader) -> Result<std::uint64_t> {
      MS_TRY(const query::Query plan, plan_of(query));
      return reader.count(plan);
    }));
  }

  Outcome<std::unique_ptr<Subscription>> subscribe(const Query& query,
                                                   OnResult on_result) override {
    auto plan = plan_of(query);
    if (!plan) return fail(plan.error());
    // Every embedded subscription is a query of its own: callbacks are rarely equal.
    live::QueryDefinition definition{.key = "embed:" + std::to_string(++last_key_),
                                     .run = run_function_of(*std::move(plan))};
    return embed::subscribe(*live_, std::move(definition), std::move(on_result));
  }

 private:
  /// Runs `read_body` on a snapshot of the newest state, on a pooled connection.
  template <class Body>
  auto read(Body read_body) -> decltype(read_body(std::declval<engine::DocumentReader&>())) {
    const std::lock_guard lock(reader_mutex_);
    if (reader_ == nullptr) {
      MS_TRY(reader_, database_->new_reader());
    }
    MS_TRY_STATUS(reader_->begin());
    engine::DocumentReader reader(reader_->source(), {});
    reader.stop_recording();
    auto result = read_body(reader);
    reader_->end();
    return result;
  }

  std::unique_ptr<engine::Database> database_;
  std::unique_ptr<live::LiveQueries> live_;
  std::atomic<std::uint64_t> last_key_{0};
  std::mutex reader_mutex_;
  std::unique_ptr<engine::ReadSession> reader_;  // guarded by reader_mutex_; opened on first use
};

}  // namespace

Outcome<std::unique_ptr<Database>> Database::open(const Options& options) {
  engine::DatabaseOptions inner;
  inner.store.path = options.path;
  inner.store.durability =
      options.durability == Durability::Full ? store::Durability::Full : store::Durability::Normal;
  auto database = engine::Database::open(std::move(inner));
  if (!database) return fail(database.error());
  auto adapter = std::make_unique<DatabaseAdapter>(*std::move(database));
  if (Status started = adapter->start(); !started) return fail(started.error());
  return adapter;
}

}  // namespace moonstone::embed
