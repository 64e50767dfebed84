// Moonstone. Licence: see LICENSE.
#pragma once
// Values between C++ and JavaScript, without JSON text in between.
//
// To JavaScript: an Integer becomes a number while |x| <= 2^53-1, else a bigint; Bytes an
// ArrayBuffer; undefined members are set to undefined.
// To C++: a number becomes a Number, a bigint an Integer, ArrayBuffers and views Bytes. Members
// that are undefined stay, because patch() gives them a meaning. Refused with the path of the
// offending part: functions, symbols, Date, Map, Set, promises, bigints beyond 64 bits, more than
// kDepthMax levels (so also cycles).
// Threads: confined to the isolate's thread, inside a HandleScope and a Context::Scope.
// Source: functions.md 21.9 and 21.10.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <v8.h>

#include "base/result.h"
#include "base/value.h"

namespace moonstone::runtime {

/// 2^53 - 1: beyond it numbers have gaps, and integers become bigints.
inline constexpr std::int64_t kSafeIntegerMax = 9'007'199'254'740'991;
/// Deeper data is a mistake; the same bound as in JSON (base/json.h).
inline constexpr std::size_t kDepthMax = 64;
/// Bounds the time of a conversion that V8 cannot interrupt (sparse arrays have huge lengths).
inline constexpr std::size_t kNodesMax = 1'000'000;

[[nodiscard]] v8::Local<v8::String> to_v8_string(v8::Isolate* isolate, std::string_view text);
/// For property names and other texts that occur again and again.
[[nodiscard]] v8::Local<v8::String> to_v8_name(v8::Isolate* isolate, std::string_view text);
/// UTF-8; lone surrogates become U+FFFD.
[[nodiscard]] std::string to_text(v8::Isolate* isolate, v8::Local<v8::String> text);

/// Empty if JavaScript threw or was stopped (the heap or the buffers are full).
[[nodiscard]] v8::MaybeLocal<v8::Value> to_v8(v8::Local<v8::Context> context, const Value& value);

/// Stored: what cannot be stored is refused. Checked: it passes as an empty object or undefined,
/// since JSON.stringify has its own rules for it.
enum class Purpose : unsigned char { Stored, Checked };

/// Errors: InvalidArgument naming the part; pending_exception() if a getter or a proxy threw: the
/// caller then returns to JavaScript at once.
[[nodiscard]] Result<Value> from_v8(v8::Local<v8::Context> context,
                                    v8::Local<v8::Value> value,
                                    Purpose purpose = Purpose::Stored);

/// Stands for a JavaScript exception that is pending in V8.
[[nodiscard]] Error pending_exception();
[[nodiscard]] bool is_pending_exception(const Error& error);

}  // namespace moonstone::runtime
