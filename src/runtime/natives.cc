// Moonstone. Licence: see LICENSE.
#include "runtime/internal/natives.h"

#include "runtime/internal/native_call.h"

namespace moonstone::runtime {

v8::Local<v8::Object> make_natives(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::EscapableHandleScope scope(isolate);
  const v8::Context::Scope context_scope(context);
  const v8::Local<v8::Object> natives = v8::Object::New(isolate);
  add_document_natives(context, natives);
  add_query_natives(context, natives);
  add_environment_natives(context, natives);
  add_scheduler_natives(context, natives);
  add_storage_natives(context, natives);
  return scope.Escape(natives);
}

}  // namespace moonstone::runtime
