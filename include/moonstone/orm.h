// Moonstone. Licence: see LICENSE.
#pragma once
// The ORM inside your own program: models of a `.lite` schema on one SQLite file.
//
// Start at Orm::open. A call is a model, a method and arguments, the same as in JavaScript and over
// the wire (docs/orm/): orm->call("user", "findMany", Arguments::parse(R"({"where":{"age":36}})")).
// Rows come back as cells, without JSON between. Arguments that are used again and again are parsed
// once, and their values set: the plan behind them is found, not made.
// No function throws. Failures carry a code, and as JSON what a program may want to know beside it.
// Threads: an Orm may be used from any thread; Arguments and Rows are plain values.

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <moonstone/moonstone.h>

namespace moonstone::embed {

/// Arguments of a call. Cheap to copy; a copy that is changed leaves the other as it is.
class Arguments {
 public:
  Arguments();  // {}
  /// Fails with "invalid_argument".
  [[nodiscard]] static Outcome<Arguments> parse(std::string_view json);

  // Puts a value at a dotted path ("where.id"); objects on the way are made.
  Arguments& set(std::string_view path, std::int64_t value);
  Arguments& set(std::string_view path, double value);
  Arguments& set(std::string_view path, bool value);
  Arguments& set(std::string_view path, std::string_view value);
  Arguments& set(std::string_view path, const char* value) {
    return set(path, std::string_view(value));
  }
  Arguments& set_null(std::string_view path);

  struct Impl;
  [[nodiscard]] const Impl& impl() const { return *impl_; }

 private:
  Impl& own();

  std::shared_ptr<const Impl> impl_;
};

/// Rows of one model, or of the groups of an aggregation. Immutable.
class Rows {
 public:
  Rows();
  [[nodiscard]] std::size_t size() const;
  /// The names of the columns, in order.
  [[nodiscard]] const std::vector<std::string>& columns() const;
  /// The position of a column, or nothing.
  [[nodiscard]] std::optional<std::size_t> column(std::string_view name) const;

  // A cell by row and column. What it is not reads as the empty value of the type: 0, "", false.
  [[nodiscard]] bool is_null(std::size_t row, std::size_t column) const;
  [[nodiscard]] std::int64_t integer(std::size_t row, std::size_t column) const;
  [[nodiscard]] double number(std::size_t row, std::size_t column) const;
  [[nodiscard]] bool boolean(std::size_t row, std::size_t column) const;
  /// Also bytes. Lives as long as the rows.
  [[nodiscard]] std::string_view text(std::size_t row, std::size_t column) const;
  /// Any cell as JSON, JSON columns included.
  [[nodiscard]] std::string json(std::size_t row, std::size_t column) const;

  /// The rows that an `include` added to one row: all of a list, at most one of a single relation.
  /// Empty for a name that was not included.
  [[nodiscard]] Rows related(std::size_t row, std::string_view relation) const;

  /// All of it as a JSON array.
  [[nodiscard]] std::string json() const;

  struct Impl;
  explicit Rows(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}

 private:
  std::shared_ptr<const Impl> impl_;
};

/// What a call gave.
struct Answer {
  Rows rows;  // of methods that give rows, or one row
  /// The whole answer as JSON: also of methods that give a number or an object.
  [[nodiscard]] std::string json() const { return to_json(); }
  std::function<std::string()> to_json;
  std::optional<std::string> next_cursor{};  // findManyCursor
  bool has_more = false;                     // findManyCursor
  std::uint64_t total = 0;                   // findManyAndCount
};

/// Calls that become durable together, or not at all. Valid only inside Orm::transaction.
class OrmTransaction {
 public:
  virtual ~OrmTransaction() = default;
  /// Reads see what the transaction has written. A call that fails leaves the others.
  [[nodiscard]] virtual Outcome<Answer> call(std::string_view model,
                                             std::string_view method,
                                             const Arguments& arguments = {}) = 0;
};

class Orm {
 public:
  struct Options {
    /// Of the SQLite file. That of another program is adopted: its tables stay as they are.
    std::string path;
    std::string schema;  // the text of the schema
    Durability durability = Durability::Full;
    bool pluralize = false;  // tables in the plural
    /// On whose behalf calls are made, as JSON; empty: nobody.
    std::string auth_json;
  };

  /// Parses the schema, opens or creates the file, and changes its tables in place where the schema
  /// has changed.
  /// Fails with "invalid_argument" (the errors of the schema), "failed_precondition" (the file
  /// would lose data), "unavailable" (another Moonstone has the file).
  [[nodiscard]] static Outcome<std::unique_ptr<Orm>> open(const Options& options);
  virtual ~Orm() = default;

  /// Runs one method. Writes return once they are durable; they run on the calling thread.
  [[nodiscard]] virtual Outcome<Answer> call(std::string_view model,
                                             std::string_view method,
                                             const Arguments& arguments = {}) = 0;

  /// Runs `body` on the calling thread, with the writer held meanwhile. A failure that it returns
  /// undoes everything. Must not be nested, and `body` uses its argument, not the Orm.
  [[nodiscard]] virtual Outcome<void> transaction(
      const std::function<Outcome<void>(OrmTransaction&)>& body) = 0;

  /// Calls `on_result` with the answer of a method that reads, as JSON, now and after each commit
  /// that changes it. Calls come one at a time, in the order of the commits.
  [[nodiscard]] virtual Outcome<std::unique_ptr<Subscription>> subscribe(
      std::string_view model,
      std::string_view method,
      const Arguments& arguments,
      Database::OnResult on_result) = 0;
};

}  // namespace moonstone::embed
