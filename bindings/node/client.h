// Moonstone. Licence: see LICENSE.
#pragma once
// Client: the databases of one schema, as one JavaScript client uses them.
//
// Calls run on the thread of JavaScript: reads on a snapshot of their own, writes on a turn of the
// writer (engine/writer_turn.h) that lasts for the call, or, between begin() and commit(), for all
// calls in between. While a turn is open its client's reads see what it has written. Threads:
// confined.
// Source: litestone.md 8, 18, 20, 29, 31.

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "engine/database.h"
#include "engine/writer_turn.h"
#include "orm/orm.h"
#include "schema/catalog.h"

namespace moonstone::node {

class Addon;
class Host;

struct DatabaseFile {
  std::string name;
  std::string path;
  schema::CatalogPtr catalog;
};

struct ClientOptions {
  std::vector<DatabaseFile> files;
  bool allow_child_key_override = false;
  bool has_hooks = false;
  std::vector<std::string> checked_models;  // models with rules of the application
};

/// One call with what belongs to it.
struct ClientCall {
  std::size_t database = 0;
  orm::Caller caller;
  std::string_view model;
  std::string_view method;
  Value arguments;
};

class Client {
 public:
  /// Opens the files, and makes the tables of those that have none. `number` is the client's number
  /// in `addon`, which outlives it. Errors: those of engine::Database::open and apply_schema.
  [[nodiscard]] static Result<std::unique_ptr<Client>> open(Addon& addon,
                                                            std::size_t number,
                                                            ClientOptions options);
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  /// The accessor of a model by its position in the catalog. Errors: NotFound.
  [[nodiscard]] Result<std::string_view> accessor(std::size_t database, std::size_t model);

  /// Errors: those of orm::Orm; NotFound (no such database).
  [[nodiscard]] Result<orm::Outcome> call(const ClientCall& call, orm::Effects& effects);
  [[nodiscard]] Result<std::vector<std::pair<std::string, orm::Outcome>>> query(
      std::size_t database, const orm::Caller& caller, const Value& spec);

  /// Takes the writer; waits for others, up to `wait_max`.
  [[nodiscard]] Status begin(std::size_t database,
                             std::chrono::milliseconds lease,
                             std::chrono::milliseconds wait_max);
  [[nodiscard]] Status commit(std::size_t database);
  void rollback(std::size_t database);
  /// Marks inside the turn, for transactions in transactions: each has the number of its depth.
  [[nodiscard]] Result<std::size_t> mark(std::size_t database);
  [[nodiscard]] Status rollback_to(std::size_t database, std::size_t mark);
  [[nodiscard]] Status release(std::size_t database, std::size_t mark);

  /// SQL of the application inside the turn.
  [[nodiscard]] Result<store::SqlRows> run_sql(std::size_t database,
                                               std::string_view sql,
                                               std::span<const Value> values);

  void observe(bool is_observed);

  /// Of each database. Errors: NotFound (no such database).
  [[nodiscard]] Result<orm::PlanCounts> cached_plans(std::size_t database);

 private:
  struct Opened {
    std::string name;
    std::unique_ptr<Host> host;
    std::unique_ptr<orm::Orm> orm;
    std::unique_ptr<engine::Database> database;
    std::unique_ptr<engine::ReadSession> reader;
    std::unique_ptr<engine::WriterTurn> turn;
    std::vector<store::Mark> marks;
  };

  Client() = default;
  [[nodiscard]] Result<Opened*> find(std::size_t database);
  [[nodiscard]] Result<Opened*> find_turn(std::size_t database);
  [[nodiscard]] static Result<orm::Outcome> read(Opened& opened, const ClientCall& call);
  [[nodiscard]] static Result<orm::Outcome> write(Opened& opened,
                                                  const ClientCall& call,
                                                  orm::Effects& effects);

  std::vector<Opened> databases_;
};

}  // namespace moonstone::node
