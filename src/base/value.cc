// Moonstone. Licence: see LICENSE.
#include "base/value.h"

#include <algorithm>

namespace moonstone {

Object::Object(std::initializer_list<Member> members) {
  members_.reserve(members.size());
  for (const Member& member : members) {
    set(member.name, member.value);
  }
}

Value& Object::set(std::string_view name, Value value) {
  if (Value* existing = find(name)) {
    *existing = std::move(value);
    return *existing;
  }
  return append(std::string(name), std::move(value));
}

bool Object::erase(std::string_view name) {
  const auto found = std::find_if(members_.begin(), members_.end(),
                                  [name](const Member& member) { return member.name == name; });
  if (found == members_.end()) return false;
  members_.erase(found);
  return true;
}

double Value::to_double() const {
  return is_integer() ? static_cast<double>(as_integer()) : as_number();
}

std::size_t size_bytes_of(const Value& value) {
  std::size_t bytes = sizeof(Value);
  switch (value.kind()) {
    case ValueKind::Text:
      return bytes + value.as_text().size();
    case ValueKind::Bytes:
      return bytes + value.as_bytes().data.size();
    case ValueKind::Array:
      for (const Value& element : value.as_array()) {
        bytes += size_bytes_of(element);
      }
      return bytes;
    case ValueKind::Object:
      for (const Member& member : value.as_object()) {
        bytes += sizeof(std::string) + member.name.size() + size_bytes_of(member.value);
      }
      return bytes;
    case ValueKind::Undefined:
    case ValueKind::Null:
    case ValueKind::Boolean:
    case ValueKind::Integer:
    case ValueKind::Number:
      return bytes;
  }
  return bytes;
}

}  // namespace moonstone
