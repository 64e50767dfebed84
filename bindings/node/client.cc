// Moonstone. Licence: see LICENSE.
#include "client.h"

#include <utility>

#include "addon.h"
#include "host.h"
#include "schema/schema.h"

namespace moonstone::node {

namespace {

/// One process holds a database, and what it asks for in one call is its own business: these only
/// keep a mistake from filling the memory.
engine::Limits limits_of_programs() {
  engine::Limits limits;
  limits.rows_read_max = 20'000'000;
  limits.bytes_read_max = std::uint64_t{2} << 30;
  limits.rows_written_max = 20'000'000;
  limits.bytes_written_max = std::uint64_t{2} << 30;
  limits.call_max = std::chrono::milliseconds{600'000};
  return limits;
}

store::ReadBudget budget_of(const engine::Limits& limits) {
  return {.rows_left = limits.rows_read_max, .bytes_left = limits.bytes_read_max};
}

constexpr std::chrono::milliseconds kCallLease{600'000};
constexpr std::chrono::milliseconds kCallWaitMax{5'000};

engine::TurnOptions turn_of(std::string_view function,
                            std::chrono::milliseconds lease,
                            std::chrono::milliseconds wait_max) {
  engine::TurnOptions options;
  options.function = function;
  options.lease = lease;
  options.wait_max = wait_max;
  return options;
}

/// Ends a snapshot also when the read has failed.
class Snapshot {
 public:
  explicit Snapshot(engine::ReadSession& session) : session_(session) {}
  ~Snapshot() { session_.end(); }
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

 private:
  engine::ReadSession& session_;
};

template <class T>
Result<T> with_reader(engine::ReadSession& session,
                      const std::function<Result<T>(engine::DocumentReader&)>& read) {
  MS_TRY_STATUS(session.begin());
  const Snapshot snapshot(session);
  engine::DocumentReader reader(session.source(), budget_of(limits_of_programs()));
  reader.stop_recording();
  return read(reader);
}

/// The same inside a turn, where reads see what it has written.
template <class T>
Result<T> with_turn(engine::WriterTurn& turn,
                    const std::function<Result<T>(engine::Transaction&)>& step) {
  std::optional<Result<T>> result;
  MS_TRY_STATUS(turn.use([&step, &result](engine::Transaction& transaction) -> Status {
    transaction.stop_recording();
    result.emplace(step(transaction));
    if (!*result) return result->error();
    return {};
  }));
  return *std::move(result);
}

}  // namespace

Client::~Client() {
  for (Opened& opened : databases_) {
    opened.turn.reset();
    opened.reader.reset();
    if (opened.database != nullptr) opened.database->shut_down();
    opened.database.reset();
  }
}

Result<std::unique_ptr<Client>> Client::open(Addon& addon,
                                             std::size_t number,
                                             ClientOptions options) {
  std::unique_ptr<Client> client(new Client());
  for (DatabaseFile& file : options.files) {
    Opened opened;
    opened.name = file.name;
    opened.host =
        std::make_unique<Host>(addon, HostOptions{.client = number,
                                                  .database = client->databases_.size(),
                                                  .has_hooks = options.has_hooks,
                                                  .checked_models = options.checked_models});
    opened.orm = orm::Orm::make(
        file.catalog,
        {.allow_child_key_override = options.allow_child_key_override, .host = opened.host.get()});
    engine::DatabaseOptions database;
    database.store.path = file.path;
    database.store.durability = store::Durability::Normal;
    database.store.foreign_file = store::ForeignFile::Adopt;
    database.store.page_bytes = store::kModelPageBytes;
    database.store.cache_bytes = store::kProgramCacheBytes;
    // Pages are twice as large as others', and so is the WAL.
    database.store.wal.copy_bytes *= 2;
    database.store.wal.drain_bytes *= 2;
    database.limits = limits_of_programs();
    MS_TRY(opened.database, engine::Database::open(database));
    MS_TRY(schema::Schema schema, schema::make_schema(file.catalog));
    MS_TRY_STATUS(
        opened.database->apply_schema(std::move(schema), store::Writer::AllowDataLoss::No));
    MS_TRY(opened.reader, opened.database->new_reader(store::KeepSnapshot::Yes));
    client->databases_.push_back(std::move(opened));
  }
  return client;
}

Result<Client::Opened*> Client::find(std::size_t database) {
  if (database < databases_.size()) return &databases_[database];
  return Error(ErrorCode::NotFound, "there is no such database", "database");
}

Result<std::string_view> Client::accessor(std::size_t database, std::size_t model) {
  MS_TRY(const Opened* const opened, find(database));
  const std::vector<schema::Model>& models = opened->orm->catalog()->models;
  if (model < models.size()) return std::string_view(models[model].accessor);
  return Error(ErrorCode::NotFound, "there is no such model", "model");
}

Result<Client::Opened*> Client::find_turn(std::size_t database) {
  MS_TRY(Opened* const opened, find(database));
  if (opened->turn != nullptr) return opened;
  return Error(ErrorCode::FailedPrecondition,
               "the transaction has ended: its client cannot be used any more", "turn_ended");
}

Result<orm::Outcome> Client::read(Opened& opened, const ClientCall& call) {
  const orm::Call named{.model = call.model, .method = call.method, .arguments = call.arguments};
  return with_reader<orm::Outcome>(*opened.reader, [&](engine::DocumentReader& reader) {
    return opened.orm->read(reader, call.caller, named);
  });
}

Result<orm::Outcome> Client::write(Opened& opened, const ClientCall& call, orm::Effects& effects) {
  const orm::Call named{.model = call.model, .method = call.method, .arguments = call.arguments};
  return with_turn<orm::Outcome>(*opened.turn, [&](engine::Transaction& transaction) {
    return opened.orm->write(transaction, call.caller, named, effects);
  });
}

Result<orm::Outcome> Client::call(const ClientCall& call, orm::Effects& effects) {
  MS_TRY(Opened* const opened, find(call.database));
  if (opened->turn != nullptr) return write(*opened, call, effects);
  if (opened->orm->is_read(call.method).value_or(false)) return read(*opened, call);
  MS_TRY(opened->turn,
         opened->database->begin_turn(turn_of(call.method, kCallLease, kCallWaitMax)));
  Result<orm::Outcome> outcome = write(*opened, call, effects);
  const std::unique_ptr<engine::WriterTurn> turn = std::move(opened->turn);
  if (!outcome) return outcome;
  MS_TRY_STATUS(turn->commit());
  return outcome;
}

Result<std::vector<std::pair<std::string, orm::Outcome>>> Client::query(std::size_t database,
                                                                        const orm::Caller& caller,
                                                                        const Value& spec) {
  using Outcomes = std::vector<std::pair<std::string, orm::Outcome>>;
  MS_TRY(Opened* const opened, find(database));
  if (opened->turn != nullptr) {
    return with_turn<Outcomes>(*opened->turn, [&](engine::Transaction& transaction) {
      return opened->orm->query(transaction, caller, spec);
    });
  }
  return with_reader<Outcomes>(*opened->reader, [&](engine::DocumentReader& reader) {
    return opened->orm->query(reader, caller, spec);
  });
}

Status Client::begin(std::size_t database,
                     std::chrono::milliseconds lease,
                     std::chrono::milliseconds wait_max) {
  MS_TRY(Opened* const opened, find(database));
  if (opened->turn != nullptr) {
    return Error(ErrorCode::FailedPrecondition, "a transaction is open already", "turn_open");
  }
  opened->marks.clear();
  MS_TRY(opened->turn, opened->database->begin_turn(turn_of("$transaction", lease, wait_max)));
  return {};
}

Status Client::commit(std::size_t database) {
  MS_TRY(Opened* const opened, find_turn(database));
  const std::unique_ptr<engine::WriterTurn> turn = std::move(opened->turn);
  MS_TRY_STATUS(turn->commit());
  return {};
}

void Client::rollback(std::size_t database) {
  if (database >= databases_.size()) return;
  const std::unique_ptr<engine::WriterTurn> turn = std::move(databases_[database].turn);
  if (turn != nullptr) turn->rollback();
}

Result<std::size_t> Client::mark(std::size_t database) {
  MS_TRY(Opened* const opened, find_turn(database));
  MS_TRY(store::Mark mark, with_turn<store::Mark>(*opened->turn, [](engine::Transaction& step) {
           return step.mark();
         }));
  opened->marks.push_back(mark);
  return opened->marks.size() - 1;
}

Status Client::rollback_to(std::size_t database, std::size_t mark) {
  MS_TRY(Opened* const opened, find_turn(database));
  if (mark >= opened->marks.size()) return {};
  const store::Mark target = opened->marks[mark];
  opened->marks.resize(mark);
  return opened->turn->use([&target](engine::Transaction& transaction) -> Status {
    MS_TRY_STATUS(transaction.rollback_to(target));
    return transaction.release(target);
  });
}

Status Client::release(std::size_t database, std::size_t mark) {
  MS_TRY(Opened* const opened, find_turn(database));
  if (mark >= opened->marks.size()) return {};
  const store::Mark target = opened->marks[mark];
  opened->marks.resize(mark);
  return opened->turn->use(
      [&target](engine::Transaction& transaction) { return transaction.release(target); });
}

Result<store::SqlRows> Client::run_sql(std::size_t database,
                                       std::string_view sql,
                                       std::span<const Value> values) {
  MS_TRY(Opened* const opened, find_turn(database));
  return with_turn<store::SqlRows>(*opened->turn, [&](engine::Transaction& transaction) {
    return transaction.run_sql(sql, values);
  });
}

Result<orm::PlanCounts> Client::cached_plans(std::size_t database) {
  MS_TRY(const Opened* const opened, find(database));
  return opened->orm->cached_plans();
}

void Client::observe(bool is_observed) {
  for (Opened& opened : databases_)
    opened.host->observe(is_observed);
}

}  // namespace moonstone::node
