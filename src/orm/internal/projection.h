// Moonstone. Licence: see LICENSE.
#pragma once
// Projection: which columns a read gives, and which related rows come with them.
// Threads: confined while a plan is made. Source: litestone.md 5.1, 13.1, 13.3, 13.4, 16.

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "orm/internal/order.h"
#include "orm/internal/related.h"
#include "orm/internal/statement.h"
#include "query/select.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Columns of one read. Those that are only read for the sake of others are hidden.
class Outputs {
 public:
  /// Shows the field; in the order of declaration, not of calls.
  void show(const schema::ModelField& field) { show_term(field.name, make_field_term(field.name)); }
  void show_term(std::string_view name, query::TermPtr term);
  /// Shows what `others` shows.
  void show_all(const Outputs& others);
  /// Position of the field's column, which is added hidden if it is not there.
  std::size_t require(std::string_view field);

  [[nodiscard]] const std::vector<query::Output>& list() const { return outputs_; }

 private:
  std::vector<query::Output> outputs_;
};

/// Who sees a field of a result. The rules of visibility come with access control; until then every
/// field is seen.
enum class ReadMode : unsigned char { List, Single };
[[nodiscard]] bool is_shown(const schema::ModelField& field, ReadMode mode, const Caller& caller);

struct Projection {
  Outputs outputs;
  RelatedPtr related;  // null: none
};

/// `select` and `include` of the options; without select all fields. `leading` stands before them.
/// Errors: InvalidArgument (unknown names), those of the related reads.
[[nodiscard]] Result<Projection> make_projection(const Planner& planner,
                                                 const schema::Model& model,
                                                 const Value& options,
                                                 ReadMode mode,
                                                 Outputs leading = {});

/// All columns that the caller sees, as a write gives them back.
[[nodiscard]] Outputs all_outputs(const schema::Model& model, ReadMode mode, const Caller& caller);

}  // namespace moonstone::orm
