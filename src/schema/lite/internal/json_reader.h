// Moonstone. Licence: see LICENSE.
#pragma once
// Reads members of the tree's JSON, and knows where it stands.
// Threads: confined; views the value that it reads.

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/result.h"
#include "base/value.h"
#include "schema/lite/attributes.h"

namespace moonstone::lite {

class JsonReader {
 public:
  JsonReader(const Value& value, std::string place) : value_(&value), place_(std::move(place)) {}

  /// An error that names the place.
  [[nodiscard]] Error wrong(std::string_view what) const;

  /// The member, or null: also if this is no object.
  [[nodiscard]] const Value* find(std::string_view name) const;
  /// Errors: there is none.
  [[nodiscard]] Result<JsonReader> member(std::string_view name) const;
  [[nodiscard]] Result<std::string> text(std::string_view name) const;
  [[nodiscard]] std::optional<std::string> optional_text(std::string_view name) const;
  [[nodiscard]] std::optional<double> optional_number(std::string_view name) const;
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const;
  /// A list of texts; absent: empty. Errors: something else.
  [[nodiscard]] Result<std::vector<std::string>> texts(std::string_view name) const;
  [[nodiscard]] std::optional<std::vector<std::string>> optional_texts(std::string_view name) const;
  /// Calls `visit` for the elements of a list; absent: none.
  [[nodiscard]] Status each(std::string_view name,
                            const std::function<Status(const JsonReader&)>& visit) const;

 private:
  const Value* value_;
  std::string place_;
};

[[nodiscard]] Result<FieldAttribute> read_field_attribute(const JsonReader& json);
[[nodiscard]] Result<ModelAttribute> read_model_attribute(const JsonReader& json);

}  // namespace moonstone::lite
