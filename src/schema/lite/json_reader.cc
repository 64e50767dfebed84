// Moonstone. Licence: see LICENSE.
#include "schema/lite/internal/json_reader.h"

#include <fmt/format.h>

namespace moonstone::lite {

Error JsonReader::wrong(std::string_view what) const {
  return {ErrorCode::InvalidArgument, fmt::format("{}: {}", place_, what), "schema_json"};
}

const Value* JsonReader::find(std::string_view name) const {
  return value_->is_object() ? value_->as_object().find(name) : nullptr;
}

Result<JsonReader> JsonReader::member(std::string_view name) const {
  const Value* const found = find(name);
  std::string place = fmt::format("{}.{}", place_, name);
  if (found == nullptr) return JsonReader(*value_, std::move(place)).wrong("is missing");
  return JsonReader(*found, std::move(place));
}

Result<std::string> JsonReader::text(std::string_view name) const {
  MS_TRY(const JsonReader found, member(name));
  if (!found.value_->is_text()) return found.wrong("must be a text");
  return found.value_->as_text();
}

std::optional<std::string> JsonReader::optional_text(std::string_view name) const {
  const Value* const found = find(name);
  if (found == nullptr || !found->is_text()) return std::nullopt;
  return found->as_text();
}

std::optional<double> JsonReader::optional_number(std::string_view name) const {
  const Value* const found = find(name);
  if (found == nullptr || !(found->is_number() || found->is_integer())) return std::nullopt;
  return found->to_double();
}

bool JsonReader::flag(std::string_view name, bool otherwise) const {
  const Value* const found = find(name);
  return found != nullptr && found->is_boolean() ? found->as_boolean() : otherwise;
}

Result<std::vector<std::string>> JsonReader::texts(std::string_view name) const {
  std::vector<std::string> texts;
  MS_TRY_STATUS(each(name, [&](const JsonReader& element) -> Status {
    if (!element.value_->is_text()) return element.wrong("must be a text");
    texts.push_back(element.value_->as_text());
    return {};
  }));
  return texts;
}

std::optional<std::vector<std::string>> JsonReader::optional_texts(std::string_view name) const {
  const Value* const found = find(name);
  if (found == nullptr || !found->is_array()) return std::nullopt;
  auto read = texts(name);
  if (!read) return std::nullopt;
  return *std::move(read);
}

Status JsonReader::each(std::string_view name,
                        const std::function<Status(const JsonReader&)>& visit) const {
  const Value* const found = find(name);
  if (found == nullptr || found->is_missing()) return {};
  if (!found->is_array()) return wrong(fmt::format("{} must be a list", name));
  std::size_t index = 0;
  for (const Value& element : found->as_array()) {
    const JsonReader reader(element, fmt::format("{}.{}[{}]", place_, name, index++));
    MS_TRY_STATUS(visit(reader));
  }
  return {};
}

}  // namespace moonstone::lite
