// Moonstone. Licence: see LICENSE.
#include "orm/internal/write_call.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace moonstone::orm {

WriteScope::WriteScope(WriteCall& call, std::string_view operation, const Value* arguments)
    : call_(call),
      outer_operation_(std::exchange(call.operation, operation)),
      outer_arguments_(std::exchange(call.arguments, arguments)) {
  ++call_.depth;
}

WriteScope::~WriteScope() {
  --call_.depth;
  call_.operation = outer_operation_;
  call_.arguments = outer_arguments_;
}

Status WriteScope::check() const {
  if (call_.depth <= kNestedWritesMax) return {};
  return Error(ErrorCode::LimitExceeded,
               "writes may be nested at most " + std::to_string(kNestedWritesMax) + " deep",
               "nested_writes");
}

Value cell_of(const query::RowSet& rows, std::size_t index, std::string_view field) {
  const std::vector<std::string>& names = rows.shape->names;
  const auto found = std::ranges::find(names, field);
  if (found == names.end()) return {};
  return rows.row(index)[static_cast<std::size_t>(found - names.begin())];
}

}  // namespace moonstone::orm
