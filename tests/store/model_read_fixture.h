// Moonstone. Licence: see LICENSE.
#pragma once
// A small library of posts, accounts and teams to read from, on one connection.
//
//   Team     id, name
//   Account  id, name, teamId? -> Team; derived from its posts: postCount, popularCount (views >
//            10), views (sum), bestViews (max), hasPosts, isSilent (exists: false), lastPost,
//            firstPost; posts (has many)
//   Post     id, title, body?, authorId? -> Account, parentId? -> Post, rating? (Real), views
//            (Integer), published (Boolean), tags[], meta? (Json), at (DateTime), photo? (Bytes),
//            path[] (a name that json_each has too), note? in the column "the note"; labels (many
//            to many); searched: title, body
//   Label    id, name
// Threads: confined.

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "query/row_set.h"
#include "query/select.h"
#include "store/sqlite/internal/connection.h"
#include "store/sqlite/internal/layout.h"
#include "store/store.h"
#include "tests/store/support.h"

namespace moonstone::store::sqlite {

[[nodiscard]] schema::CatalogPtr library_catalog();
/// A field that related rows give. Of the model itself, by its key, unless changed.
[[nodiscard]] schema::ModelField derived_field(std::string_view name,
                                               schema::DerivedField::Operation operation,
                                               std::string_view of = "");

/// query::Aggregate and query::Window, of which a test names only what it means.
struct AggregateSpec {
  query::AggregateFunction function = query::AggregateFunction::Count;
  std::string field{};
  bool is_distinct = false;
  query::ExprPtr filter{};
  query::ExprPtr separator{};
  std::string order_by{};
};
struct WindowSpec {
  query::WindowFunction function = query::WindowFunction::RowNumber;
  std::string field{};
  query::ExprPtr offset{};
  query::ExprPtr default_value{};
  query::ExprPtr filter{};
  std::vector<std::string> partition_by{};
  std::vector<query::OrderKey> order{};
  std::optional<query::Frame> frame{};
};

[[nodiscard]] query::TermPtr field_term(std::string_view name);
[[nodiscard]] query::TermPtr via_term(std::vector<std::string> via, std::string_view name);
[[nodiscard]] query::TermPtr aggregate_term(AggregateSpec spec);
[[nodiscard]] query::TermPtr relation_term(std::string_view relation, AggregateSpec spec);
[[nodiscard]] query::TermPtr window_term(WindowSpec spec);
[[nodiscard]] query::TermPtr bucket_term(std::string_view field, query::TimeUnit unit);
[[nodiscard]] query::TermPtr plain_term(query::Term::Kind kind);
[[nodiscard]] query::Output output_of(std::string_view name, query::TermPtr term);
/// Fields of the model under their own names.
[[nodiscard]] query::Select select_fields(std::string_view table, std::vector<std::string> names);
[[nodiscard]] query::OrderKey by(query::TermPtr term,
                                 query::Direction direction = query::Direction::Ascending,
                                 query::NullsOrder nulls = query::NullsOrder::Default);

class ModelReadTest : public testing::Test {
 protected:
  void SetUp() override { open(library_catalog()); }

  /// Makes the tables of the catalog in a fresh database.
  void open(schema::CatalogPtr catalog);
  void run_sql(std::string_view sql);
  /// Teams, accounts and posts; see the source.
  void fill();

  [[nodiscard]] Result<CompiledStatementPtr> compile(const query::Select& select);
  /// The text; the error's if there is one.
  [[nodiscard]] std::string sql_of(const query::Select& select);
  /// What stands behind WHERE.
  [[nodiscard]] std::string where_sql(std::string_view table, query::ExprPtr where);
  [[nodiscard]] Result<query::RowSet> read(const query::Select& select,
                                           const std::vector<Value>& parameters = {});
  /// The rows as JSON; the error's reason and text if there is one.
  [[nodiscard]] std::string json_of(const query::Select& select,
                                    const std::vector<Value>& parameters = {});
  /// The ids, joined by commas.
  [[nodiscard]] std::string ids_where(query::ExprPtr where,
                                      const std::vector<Value>& parameters = {},
                                      std::string_view table = "post");

  TemporaryFolder folder_;
  std::unique_ptr<Connection> connection_;
  LayoutPtr layout_;
  ReadBudget budget_;
};

}  // namespace moonstone::store::sqlite
