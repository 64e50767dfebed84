// Moonstone. Licence: see LICENSE.
#include "runtime/internal/convert.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <utility>
#include <vector>

#include <fmt/core.h>

namespace moonstone::runtime {
namespace {

constexpr std::string_view kThrown = "thrown";
/// Characters of a path in an error text; the front of a long one says enough.
constexpr std::size_t kPathCharactersMax = 30;

bool is_ascii(std::string_view text) {
  std::uint64_t bits = 0;
  std::size_t i = 0;
  for (; i + 8 <= text.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, text.data() + i, 8);
    bits |= word;
  }
  for (; i < text.size(); ++i)
    bits |= static_cast<unsigned char>(text[i]);
  return (bits & 0x8080808080808080U) == 0;
}

v8::Local<v8::String> make_string(v8::Isolate* isolate,
                                  std::string_view text,
                                  v8::NewStringType type) {
  const int length = static_cast<int>(std::min<std::size_t>(text.size(), v8::String::kMaxLength));
  v8::MaybeLocal<v8::String> made;
  if (is_ascii(text)) {
    made = v8::String::NewFromOneByte(isolate, reinterpret_cast<const std::uint8_t*>(text.data()),
                                      type, length);
  } else {
    made = v8::String::NewFromUtf8(isolate, text.data(), type, length);
  }
  return made.FromMaybe(v8::String::Empty(isolate));
}

/// One conversion from JavaScript, with the path to where it is.
class Reader {
 public:
  Reader(v8::Local<v8::Context> context, Purpose purpose)
      : context_(context), isolate_(context->GetIsolate()), purpose_(purpose) {}

  Result<Value> read(v8::Local<v8::Value> value) {
    if (++nodes_ > kNodesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("a value has more than {} parts", kNodesMax));
    }
    if (value->IsString()) return Value(to_text(isolate_, value.As<v8::String>()));
    if (value->IsNumber()) return Value(value.As<v8::Number>()->Value());
    if (value->IsBoolean()) return Value(value.As<v8::Boolean>()->Value());
    if (value->IsNull()) return Value(nullptr);
    if (value->IsUndefined()) return Value();
    if (value->IsBigInt()) return read_bigint(value.As<v8::BigInt>());
    if (value->IsFunction()) return refuse_unless_checked("a function cannot be stored", {});
    if (!value->IsObject()) return refuse_unless_checked("a symbol cannot be stored", {});
    if (path_.size() >= kDepthMax) {
      return refuse(
          fmt::format("data is nested deeper than {} levels, or contains itself", kDepthMax));
    }
    return read_object(value.As<v8::Object>());
  }

 private:
  struct Step {
    v8::Local<v8::String> name;  // empty: an element
    std::uint32_t index = 0;
  };

  Result<Value> read_bigint(v8::Local<v8::BigInt> value) {
    bool lossless = false;
    const std::int64_t number = value->Int64Value(&lossless);
    if (!lossless) return refuse("a bigint must fit 64 bits");
    return Value(number);
  }

  Result<Value> read_object(v8::Local<v8::Object> object) {
    if (object->IsArray()) return read_array(object.As<v8::Array>());
    if (object->IsArrayBuffer()) {
      const auto store = object.As<v8::ArrayBuffer>()->GetBackingStore();
      return Value(
          Bytes{std::string(static_cast<const char*>(store->Data()), store->ByteLength())});
    }
    if (object->IsArrayBufferView()) {
      const auto view = object.As<v8::ArrayBufferView>();
      std::string bytes(view->ByteLength(), '\0');
      view->CopyContents(bytes.data(), bytes.size());
      return Value(Bytes{std::move(bytes)});
    }
    if (const std::string_view why = reason_against(object); !why.empty()) {
      return refuse_unless_checked(why, Object());
    }
    return read_members(object);
  }

  /// Why an object that is more than its members cannot be stored; empty if it can.
  static std::string_view reason_against(v8::Local<v8::Object> object) {
    if (object->IsDate()) {
      return "a Date cannot be stored; store date.getTime() or date.toISOString()";
    }
    if (object->IsMap() || object->IsSet()) {
      return "a Map or Set cannot be stored; use an object or an array";
    }
    if (object->IsPromise()) return "a promise cannot be stored; is an `await` missing?";
    if (object->IsNativeError() || object->IsRegExp()) {
      return "an Error or RegExp cannot be stored; store its text";
    }
    return {};
  }

  Result<Value> refuse_unless_checked(std::string_view why, Value otherwise) const {
    if (purpose_ == Purpose::Checked) return otherwise;
    return refuse(why);
  }

  Result<Value> read_array(v8::Local<v8::Array> array) {
    const std::uint32_t length = array->Length();
    if (length > kNodesMax - nodes_) {
      return refuse(fmt::format("a value has more than {} parts", kNodesMax));
    }
    Array elements;
    elements.reserve(length);
    path_.push_back({});
    for (std::uint32_t i = 0; i < length; ++i) {
      path_.back().index = i;
      v8::Local<v8::Value> element;
      if (!array->Get(context_, i).ToLocal(&element)) return pending_exception();
      MS_TRY(Value converted, read(element));
      elements.push_back(std::move(converted));
    }
    path_.pop_back();
    return Value(std::move(elements));
  }

  Result<Value> read_members(v8::Local<v8::Object> object) {
    v8::Local<v8::Array> names;
    if (!object
             ->GetOwnPropertyNames(
                 context_, static_cast<v8::PropertyFilter>(v8::ONLY_ENUMERABLE | v8::SKIP_SYMBOLS),
                 v8::KeyConversionMode::kConvertToString)
             .ToLocal(&names)) {
      return pending_exception();
    }
    Object members;
    members.reserve(names->Length());
    path_.push_back({});
    for (std::uint32_t i = 0; i < names->Length(); ++i) {
      v8::Local<v8::Value> name;
      v8::Local<v8::Value> member;
      if (!names->Get(context_, i).ToLocal(&name) ||
          !object->Get(context_, name).ToLocal(&member)) {
        return pending_exception();
      }
      path_.back().name = name.As<v8::String>();
      MS_TRY(Value converted, read(member));
      members.append(to_text(isolate_, name.As<v8::String>()), std::move(converted));
    }
    path_.pop_back();
    return Value(std::move(members));
  }

  Error refuse(std::string_view why) const {
    const std::string place = path_text();
    if (place.empty()) return {ErrorCode::InvalidArgument, std::string(why), "validation"};
    return {ErrorCode::InvalidArgument, fmt::format("{} (at {})", why, place), "validation"};
  }

  [[nodiscard]] std::string path_text() const {
    std::string path;
    for (const Step& step : path_) {
      if (path.size() > kPathCharactersMax) return path + "...";
      if (step.name.IsEmpty()) {
        path += fmt::format("[{}]", step.index);
      } else {
        if (!path.empty()) path += '.';
        path += to_text(isolate_, step.name);
      }
    }
    return path;
  }

  v8::Local<v8::Context> context_;
  v8::Isolate* isolate_;
  Purpose purpose_;
  std::vector<Step> path_;
  std::size_t nodes_ = 0;
};

v8::Local<v8::Value> integer_to_v8(v8::Isolate* isolate, std::int64_t number) {
  if (number >= -kSafeIntegerMax && number <= kSafeIntegerMax) {
    return v8::Number::New(isolate, static_cast<double>(number));
  }
  return v8::BigInt::New(isolate, number);
}

v8::MaybeLocal<v8::Value> bytes_to_v8(v8::Local<v8::Context> context, const Bytes& bytes) {
  v8::Isolate* const isolate = context->GetIsolate();
  // The constructor of ArrayBuffer throws when the quota is used up; ArrayBuffer::New would abort.
  v8::Local<v8::Value> constructor;
  v8::Local<v8::Value> made;
  v8::Local<v8::Value> length = v8::Number::New(isolate, static_cast<double>(bytes.data.size()));
  if (!context->Global()->Get(context, to_v8_name(isolate, "ArrayBuffer")).ToLocal(&constructor) ||
      !constructor.As<v8::Function>()->NewInstance(context, 1, &length).ToLocal(&made)) {
    return {};
  }
  const auto store = made.As<v8::ArrayBuffer>()->GetBackingStore();
  if (!bytes.data.empty()) std::memcpy(store->Data(), bytes.data.data(), bytes.data.size());
  return made;
}

v8::MaybeLocal<v8::Value> array_to_v8(v8::Local<v8::Context> context, const Array& array) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::EscapableHandleScope scope(isolate);
  std::vector<v8::Local<v8::Value>> elements;
  elements.reserve(array.size());
  for (const Value& value : array) {
    v8::Local<v8::Value> element;
    if (!to_v8(context, value).ToLocal(&element)) return {};
    elements.push_back(element);
  }
  return scope.Escape(v8::Array::New(isolate, elements.data(), elements.size()));
}

v8::MaybeLocal<v8::Value> object_to_v8(v8::Local<v8::Context> context, const Object& object) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::EscapableHandleScope scope(isolate);
  const v8::Local<v8::Object> made = v8::Object::New(isolate);
  for (const Member& member : object) {
    v8::Local<v8::Value> value;
    // CreateDataProperty, not Set: a member may be named __proto__.
    if (!to_v8(context, member.value).ToLocal(&value) ||
        made->CreateDataProperty(context, to_v8_name(isolate, member.name), value).IsNothing()) {
      return {};
    }
  }
  return scope.Escape(made);
}

}  // namespace

v8::Local<v8::String> to_v8_string(v8::Isolate* isolate, std::string_view text) {
  return make_string(isolate, text, v8::NewStringType::kNormal);
}

v8::Local<v8::String> to_v8_name(v8::Isolate* isolate, std::string_view text) {
  return make_string(isolate, text, v8::NewStringType::kInternalized);
}

std::string to_text(v8::Isolate* isolate, v8::Local<v8::String> text) {
  if (text->IsOneByte()) {
    // Most text is ASCII; then one pass copies it.
    std::string ascii(static_cast<std::size_t>(text->Length()), '\0');
    text->WriteOneByte(isolate, reinterpret_cast<std::uint8_t*>(ascii.data()), 0, text->Length(),
                       v8::String::NO_NULL_TERMINATION);
    if (is_ascii(ascii)) return ascii;
  }
  const int length = text->Utf8Length(isolate);
  std::string utf8(static_cast<std::size_t>(length), '\0');
  text->WriteUtf8(isolate, utf8.data(), length, nullptr,
                  v8::String::NO_NULL_TERMINATION | v8::String::REPLACE_INVALID_UTF8);
  return utf8;
}

v8::MaybeLocal<v8::Value> to_v8(v8::Local<v8::Context> context, const Value& value) {
  v8::Isolate* const isolate = context->GetIsolate();
  switch (value.kind()) {
    case ValueKind::Undefined:
      return v8::Undefined(isolate);
    case ValueKind::Null:
      return v8::Null(isolate);
    case ValueKind::Boolean:
      return v8::Boolean::New(isolate, value.as_boolean());
    case ValueKind::Integer:
      return integer_to_v8(isolate, value.as_integer());
    case ValueKind::Number:
      return v8::Number::New(isolate, value.as_number());
    case ValueKind::Text:
      return to_v8_string(isolate, value.as_text());
    case ValueKind::Bytes:
      return bytes_to_v8(context, value.as_bytes());
    case ValueKind::Array:
      return array_to_v8(context, value.as_array());
    case ValueKind::Object:
      return object_to_v8(context, value.as_object());
  }
  return {};
}

Result<Value> from_v8(v8::Local<v8::Context> context, v8::Local<v8::Value> value, Purpose purpose) {
  return Reader(context, purpose).read(value);
}

Error pending_exception() {
  return {ErrorCode::Internal, "an exception of JavaScript is pending", kThrown};
}

bool is_pending_exception(const Error& error) {
  return error.reason() == kThrown;
}

}  // namespace moonstone::runtime
