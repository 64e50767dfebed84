// Moonstone. Licence: see LICENSE.
#pragma once
// Parameters of a statement: where each value comes from when it runs, and what becomes of it.
// Threads: confined while built; the sources are immutable afterwards.

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "orm/internal/shape.h"
#include "query/expr.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// What becomes of a leaf before it is compared or bound. An array's elements become it each; no
/// array is a limit.
enum class Conversion : unsigned char {
  None,
  Number,      // text that is a number becomes it, a boolean 1 or 0: a numeric column's affinity
  Text,        // a number becomes its digits: a text column's affinity
  Bytes,       // base64 text becomes the bytes
  Raw,         // whole numbers as integers, booleans as 1 and 0
  Contains,    // text becomes a pattern of LIKE
  StartsWith,  //
  EndsWith,    //
  Limit,       // a whole number, from text too; Errors: InvalidArgument
  LimitAndOne  // the same and one row more; a negative one stays
};

/// As the column compares.
[[nodiscard]] Conversion conversion_of(const schema::ModelField& field);

/// Errors: InvalidArgument (limits only).
[[nodiscard]] Result<Value> convert(const Value& value, Conversion conversion);

struct ParameterSource {
  enum class Kind : unsigned char {
    Leaf,  // of the call
    Slot,  // given by whoever runs the statement: keys of parents, values of a stamp
  };
  Kind kind = Kind::Leaf;
  std::size_t index = 0;
  Conversion conversion = Conversion::None;
};

/// Collects the parameters of one statement while its expressions are made.
class Parameters {
 public:
  explicit Parameters(const LeafMap& leaves) : leaves_(leaves) {}

  /// A leaf becomes a parameter; any other value decides the plan and becomes a literal.
  /// Errors: those of convert().
  [[nodiscard]] Result<query::ExprPtr> operand(const Value& value, Conversion conversion);
  /// Whether the operand is one of the values of the list, which is not empty.
  [[nodiscard]] Result<query::ExprPtr> in(query::ExprPtr operand,
                                          const Value& list,
                                          Conversion conversion);
  [[nodiscard]] query::ExprPtr slot(std::size_t index);
  [[nodiscard]] query::ExprPtr in_slot(query::ExprPtr operand, std::size_t index);

  [[nodiscard]] std::vector<ParameterSource> take() && { return std::move(sources_); }

 private:
  std::size_t add(ParameterSource source);

  const LeafMap& leaves_;
  std::vector<ParameterSource> sources_;
};

/// The values of the parameters for one run. Errors: those of convert().
[[nodiscard]] Status fill_parameters(std::span<const ParameterSource> sources,
                                     std::span<const Value* const> leaves,
                                     std::span<const Value> slots,
                                     std::vector<Value>& out);

}  // namespace moonstone::orm
