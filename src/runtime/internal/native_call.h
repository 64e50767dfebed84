// Moonstone. Licence: see LICENSE.
#pragma once
// NativeCall: what a native gets, and the adapter that turns its Result into a return value or an
// exception.
// Threads: confined to the isolate's thread.

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <v8.h>

#include "base/result.h"
#include "query/row.h"
#include "runtime/internal/convert.h"
#include "runtime/internal/machine.h"

namespace moonstone::runtime {

struct NativeCall {
  const v8::FunctionCallbackInfo<v8::Value>& info;
  v8::Isolate* isolate;
  v8::Local<v8::Context> context;
  Machine& machine;
  Run* run;  // never null in a native that needs one

  [[nodiscard]] v8::Local<v8::Value> arg(int index) const { return info[index]; }
  [[nodiscard]] std::string text(int index) const {
    return arg(index)->IsString() ? to_text(isolate, arg(index).As<v8::String>()) : std::string();
  }
  [[nodiscard]] v8::Local<v8::Value> undefined() const { return v8::Undefined(isolate); }
};

using NativeResult = Result<v8::Local<v8::Value>>;
using Native = NativeResult (*)(const NativeCall& call);

/// Whether the first argument of a native is the token of the running call.
enum class Needs : unsigned char { Nothing, Run };

inline void finish_native(const NativeCall& call, NativeResult result) {
  if (result) {
    call.info.GetReturnValue().Set(*result);
    return;
  }
  if (is_pending_exception(result.error())) return;
  if (result.error().code() == ErrorCode::DeadlineExceeded) {
    call.machine.stop_for_deadline();  // user code must not catch it
    return;
  }
  call.machine.throw_error(call.context, std::move(result).error());
}

/// The rows of one table as an array of documents.
[[nodiscard]] NativeResult documents_of_rows(const NativeCall& call, std::vector<query::Row> rows);

template <Native native, Needs needs>
void native_callback(const v8::FunctionCallbackInfo<v8::Value>& info) {
  v8::Isolate* const isolate = info.GetIsolate();
  Machine& machine = Machine::of(isolate);
  Run* run = nullptr;
  if constexpr (needs == Needs::Run) {
    run = machine.run_of(info[0]->IsUint32() ? info[0].As<v8::Uint32>()->Value() : 0);
  }
  const NativeCall call{info, isolate, isolate->GetCurrentContext(), machine, run};
  if (needs == Needs::Run && run == nullptr) {
    machine.throw_error(call.context,
                        Error(ErrorCode::FailedPrecondition,
                              "ctx was used after its call had ended; keep no ctx in a variable of "
                              "the module",
                              "run_over"));
    return;
  }
  finish_native(call, native(call));
}

/// Adds a native to an object under a name.
template <Native native, Needs needs>
void add_native(v8::Local<v8::Context> context,
                v8::Local<v8::Object> object,
                std::string_view name) {
  v8::Local<v8::Function> function;
  if (v8::Function::New(context, native_callback<native, needs>, {}, 0,
                        v8::ConstructorBehavior::kThrow)
          .ToLocal(&function)) {
    object->Set(context, to_v8_name(context->GetIsolate(), name), function).Check();
  }
}

/// The groups of natives, each in its own file.
void add_document_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);
void add_model_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);
void add_query_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);
void add_environment_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);
void add_scheduler_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);
void add_storage_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives);

}  // namespace moonstone::runtime
