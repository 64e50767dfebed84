// Moonstone. Licence: see LICENSE.
//
// Natives that need no database: console, identity, encodings, structuredClone.
#include <cstdlib>
#include <memory>
#include <utility>

#include "base/encoding.h"
#include "runtime/internal/native_call.h"
#include "runtime/internal/source_map.h"

namespace moonstone::runtime {
namespace {

NativeResult identity(const NativeCall& call) {
  call.run->outcome.read_identity = true;
  const engine::Session* const session = call.run->call->session;
  if (session == nullptr || session->identity.is_missing()) {
    return v8::Local<v8::Value>(v8::Null(call.isolate));
  }
  v8::Local<v8::Value> claims;
  if (!to_v8(call.context, session->identity).ToLocal(&claims)) return pending_exception();
  return claims;
}

/// ctx.now or a random number was asked for; the platform notices readings of Date by itself.
NativeResult note_chance(const NativeCall& call) {
  if (Run* const run = call.machine.current_run()) run->outcome.read_time_or_random = true;
  return call.undefined();
}

LogLevel level_of(const NativeCall& call) {
  const auto number = call.arg(0)->IsUint32() ? call.arg(0).As<v8::Uint32>()->Value() : 1;
  switch (number) {
    case 0:
      return LogLevel::Debug;
    case 2:
      return LogLevel::Warn;
    case 3:
      return LogLevel::Error;
    default:
      return LogLevel::Info;
  }
}

/// Lines of the top level of a module belong to no call and are dropped.
NativeResult log(const NativeCall& call) {
  Run* const run = call.machine.current_run();
  if (run == nullptr) return call.undefined();
  auto& lines = run->outcome.console;
  const std::size_t lines_max = call.machine.limits().log_lines_max;
  if (lines.size() < lines_max) {
    std::string text = call.text(1);
    if (text.find("    at ") != std::string::npos) {
      text = map_text(text, run->program->source_map());
    }
    lines.push_back({level_of(call), std::move(text)});
  } else if (lines.size() == lines_max) {
    lines.push_back({LogLevel::Warn, "more lines of this call are left out"});
  }
  return call.undefined();
}

NativeResult make_buffer(const NativeCall& call, std::string bytes) {
  v8::Local<v8::Value> buffer;
  if (!to_v8(call.context, Bytes{std::move(bytes)}).ToLocal(&buffer)) return pending_exception();
  return buffer;
}

/// The bytes that (buffer, offset, length) name; the prelude takes the three from one view.
std::string_view bytes_arg(const NativeCall& call) {
  if (!call.arg(0)->IsArrayBuffer()) return {};
  const auto store = call.arg(0).As<v8::ArrayBuffer>()->GetBackingStore();
  const std::string_view all(static_cast<const char*>(store->Data()), store->ByteLength());
  const auto offset = static_cast<std::size_t>(call.arg(1).As<v8::Number>()->Value());
  const auto length = static_cast<std::size_t>(call.arg(2).As<v8::Number>()->Value());
  return offset > all.size() ? std::string_view() : all.substr(offset, length);
}

NativeResult bytes_to_base64(const NativeCall& call) {
  return v8::Local<v8::Value>(to_v8_string(call.isolate, to_base64(bytes_arg(call))));
}

/// btoa: one byte per character.
NativeResult latin1_to_base64(const NativeCall& call) {
  const auto text = call.arg(0).As<v8::String>();
  if (!text->ContainsOnlyOneByte()) {
    return Error(ErrorCode::InvalidArgument,
                 "btoa takes characters up to U+00FF; encode the text with TextEncoder first");
  }
  std::string bytes(static_cast<std::size_t>(text->Length()), '\0');
  text->WriteOneByte(call.isolate, reinterpret_cast<std::uint8_t*>(bytes.data()), 0, text->Length(),
                     v8::String::NO_NULL_TERMINATION);
  return v8::Local<v8::Value>(to_v8_string(call.isolate, to_base64(bytes)));
}

NativeResult base64_to_latin1(const NativeCall& call) {
  const auto bytes = from_base64(call.text(0));
  if (!bytes) return Error(ErrorCode::InvalidArgument, "atob needs base64 text");
  v8::Local<v8::String> text;
  if (!v8::String::NewFromOneByte(call.isolate,
                                  reinterpret_cast<const std::uint8_t*>(bytes->data()),
                                  v8::NewStringType::kNormal, static_cast<int>(bytes->size()))
           .ToLocal(&text)) {
    return pending_exception();
  }
  return v8::Local<v8::Value>(text);
}

NativeResult encode_utf8(const NativeCall& call) {
  return make_buffer(call, call.text(0));
}

NativeResult decode_utf8(const NativeCall& call) {
  std::string_view bytes = bytes_arg(call);
  if (call.arg(3)->IsTrue() && !is_utf8(bytes)) {
    return Error(ErrorCode::InvalidArgument, "TextDecoder: the bytes are not UTF-8");
  }
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (bytes.starts_with(kByteOrderMark)) bytes.remove_prefix(kByteOrderMark.size());
  return v8::Local<v8::Value>(to_v8_string(call.isolate, bytes));
}

NativeResult clone(const NativeCall& call) {
  v8::ValueSerializer serializer(call.isolate);
  serializer.WriteHeader();
  if (!serializer.WriteValue(call.context, call.arg(0)).FromMaybe(false)) {
    return pending_exception();
  }
  const auto [data, size] = serializer.Release();
  const std::unique_ptr<std::uint8_t, decltype(&std::free)> owner(data, &std::free);
  v8::ValueDeserializer deserializer(call.isolate, data, size);
  v8::Local<v8::Value> copy;
  if (!deserializer.ReadHeader(call.context).FromMaybe(false) ||
      !deserializer.ReadValue(call.context).ToLocal(&copy)) {
    return pending_exception();
  }
  return copy;
}

}  // namespace

void add_environment_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<identity, Needs::Run>(context, natives, "identity");
  add_native<log, Needs::Nothing>(context, natives, "log");
  add_native<note_chance, Needs::Nothing>(context, natives, "noteChance");
  add_native<bytes_to_base64, Needs::Nothing>(context, natives, "toBase64");
  add_native<latin1_to_base64, Needs::Nothing>(context, natives, "toBase64Latin1");
  add_native<base64_to_latin1, Needs::Nothing>(context, natives, "fromBase64Latin1");
  add_native<encode_utf8, Needs::Nothing>(context, natives, "encodeUtf8");
  add_native<decode_utf8, Needs::Nothing>(context, natives, "decodeUtf8");
  add_native<clone, Needs::Nothing>(context, natives, "clone");
}

}  // namespace moonstone::runtime
