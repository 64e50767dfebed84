// Moonstone. Licence: see LICENSE.
#pragma once
// Select: the logical plan of one read of a model: what Query is for documents, and more.
//
// Outputs are fields or terms computed from them; rows can be ordered by related rows, grouped,
// windowed, walked recursively and searched. Values that differ from call to call are Parameters
// (Expr::parameter), so that a store compiles a plan once and runs it with many lists of values.
// Threads: immutable after building.
// Source: litestone.md 10-14, 17, 32.

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "query/expr.h"
#include "query/query.h"

namespace moonstone::query {

enum class AggregateFunction : unsigned char { Count, Sum, Avg, Min, Max, TextJoin };

/// Calendar units of a bucket; labels as litestone.md 14.2 prints them.
enum class TimeUnit : unsigned char { Year, Quarter, Month, Week, Day, Hour };

enum class WindowFunction : unsigned char {
  RowNumber,
  Rank,
  DenseRank,
  CumeDist,
  PercentRank,
  Lag,
  Lead,
  FirstValue,
  LastValue,
  NthValue,
  Ntile,
  Sum,
  Avg,
  Min,
  Max,
  Count,
};

enum class NullsOrder : unsigned char { Default, First, Last };

struct Term;
using TermPtr = std::shared_ptr<const Term>;

struct OrderKey {
  TermPtr term;
  Direction direction = Direction::Ascending;
  NullsOrder nulls = NullsOrder::Default;
};

/// One end of a window's frame.
struct FrameBound {
  enum class Kind : unsigned char { Unbounded, CurrentRow, Preceding, Following };
  Kind kind = Kind::Unbounded;
  std::int64_t offset = 0;  // Preceding, Following: > 0
};
struct Frame {
  enum class Unit : unsigned char { Rows, Range };
  Unit unit = Unit::Rows;
  FrameBound begin;
  FrameBound end;
};

struct Window {
  WindowFunction function = WindowFunction::RowNumber;
  std::string field;      // empty: none, or every row (Count)
  ExprPtr offset;         // Lag, Lead, NthValue, Ntile
  ExprPtr default_value;  // Lag, Lead
  ExprPtr filter;         // aggregates only
  std::vector<std::string> partition_by;
  std::vector<OrderKey> order;
  std::optional<Frame> frame{};
};

struct Aggregate {
  AggregateFunction function = AggregateFunction::Count;
  std::string field;  // empty: every row (Count)
  bool is_distinct = false;
  ExprPtr filter;        // null: none
  ExprPtr separator;     // TextJoin
  std::string order_by;  // TextJoin: a field; empty: none
};

/// A value of a row or of a group.
struct Term {
  enum class Kind : unsigned char {
    Field,              // of the model: stored, generated or derived
    Aggregate,          // of a group, or of all rows
    Window,             //
    RelationAggregate,  // over the rows of a HasMany or ManyToMany relation
    Bucket,             // the label of the time bucket in which a field lies
    SearchRank,         // smaller is better
    SearchHighlight,    // `search_*` below
    SearchSnippet,
    Depth,       // of a recursive read: 1 for a child or parent
    Expression,  // a predicate as a value, 1, 0 or NULL
  };
  Kind kind = Kind::Field;
  std::string field{};             // Field, Bucket, SearchHighlight, SearchSnippet
  std::vector<std::string> via{};  // Field: belongs-to relations to walk first
  std::string relation{};          // RelationAggregate
  Aggregate aggregate{};           // Aggregate, RelationAggregate
  Window window{};
  TimeUnit unit = TimeUnit::Day;  // Bucket
  ExprPtr search_open{};          // SearchHighlight, SearchSnippet
  ExprPtr search_close{};
  ExprPtr search_ellipsis{};  // SearchSnippet
  ExprPtr search_tokens{};    // SearchSnippet
  ExprPtr expression{};       // Expression
};

struct Output {
  std::string name;
  TermPtr term;
  bool is_hidden = false;
};

/// A condition on an aggregate of a group.
struct GroupCondition {
  TermPtr term;
  CompareOp op = CompareOp::Eq;
  ExprPtr operand;
};

/// Rows reached from those of `where` over a relation of the model to itself.
struct Recursion {
  enum class Direction : unsigned char { Descendants, Ancestors };
  Direction direction = Direction::Descendants;
  std::string relation;  // a belongs-to relation to the same model
  ExprPtr depth_max;
  ExprPtr filter;  // walked rows that do not satisfy it, and what is behind them, are left out
};

struct Select {
  std::string table;  // of a model
  ExprPtr where{};    // null: every row
  std::vector<Output> outputs{};
  bool is_distinct = false;
  std::vector<TermPtr> group_by{};  // Field or Bucket
  std::vector<GroupCondition> having{};
  std::vector<OrderKey> order{};  // empty: as the store likes
  ExprPtr limit{};                // Literal or Parameter; null or negative: none
  ExprPtr offset{};
  std::optional<Recursion> recursion{};
  ExprPtr search{};  // text in FTS5's syntax: only rows of the model's full-text index that match
  /// At most so many rows for each value of `limit_by`, in `order`: pages of related rows.
  std::string limit_by{};
};

/// A write of rows of one model. Every value is an Expr without fields: Literal or Parameter.
struct Assignment {
  std::string field;
  ExprPtr value;
};

struct WritePlan {
  enum class Kind : unsigned char { Insert, Update, Delete };
  Kind kind = Kind::Insert;
  std::string table;
  std::vector<Assignment> assignments{};  // Insert, Update; Insert of none: only defaults
  ExprPtr where{};                        // Update, Delete; null: every row
  /// Insert: fields that, if equal in another row, turn it into an update of `conflict_update`
  /// with the values of the insert; empty update: the other row stays as it is.
  std::vector<std::string> conflict_target{};
  std::vector<std::string> conflict_update{};
  /// Fields of the written rows to give back, as they are after the write (Delete: before it).
  std::vector<Output> returning{};
};

}  // namespace moonstone::query
