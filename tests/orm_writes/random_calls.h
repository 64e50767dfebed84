// Moonstone. Licence: see LICENSE.
#pragma once
// Calls of models made from bytes: mostly such as a careless user writes, now and then nonsense in
// any place. For the fuzz target, and for a test that takes the bytes from a generator.
// Threads: confined.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/value.h"
#include "schema/catalog.h"

namespace moonstone::orm {

/// Models with all that a call can refer to: relations of each kind, soft delete, templates,
/// sequences, transitions, typed JSON, lists, bytes, full text, a key of two fields.
extern const std::string_view kRandomCallsSchema;

/// What the bytes decide. When they are used up, every answer is 0.
class Decisions {
 public:
  /// Lifetime: the bytes outlive this.
  explicit Decisions(std::string_view bytes) : bytes_(bytes) {}

  [[nodiscard]] bool are_over() const { return bytes_.empty(); }
  /// Below `count`, which is not 0.
  std::size_t below(std::size_t count);
  bool one_in(std::size_t count) { return below(count) == 1; }

 private:
  std::string_view bytes_;
};

struct MadeCall {
  std::string model;
  std::string method;
  Value arguments;
  bool has_raw_sql = false;  // its SQL may be wrong
};

[[nodiscard]] MadeCall make_call(const schema::Catalog& catalog, Decisions& decisions);

}  // namespace moonstone::orm
