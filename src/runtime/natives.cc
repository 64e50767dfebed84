// Moonstone. Licence: see LICENSE.
#include "runtime/internal/natives.h"

#include <optional>
#include <utility>
#include <vector>

#include "runtime/internal/native_call.h"

namespace moonstone::runtime {

NativeResult documents_of_rows(const NativeCall& call, std::vector<query::Row> rows) {
  Run& run = *call.run;
  // A mutation seldom returns what it read.
  const bool may_keep = run.call->transaction == nullptr && run.reads.size() < Run::kReadsMax;
  std::optional<MadeDocuments> made;
  v8::Local<v8::Array> documents;
  if (!run.program
           ->make_documents(run.reader().schema(), std::move(rows), may_keep ? &made : nullptr)
           .ToLocal(&documents)) {
    return pending_exception();
  }
  if (made) run.reads.push_back(*std::move(made));
  return v8::Local<v8::Value>(documents);
}

v8::Local<v8::Object> make_natives(v8::Local<v8::Context> context) {
  v8::Isolate* const isolate = context->GetIsolate();
  v8::EscapableHandleScope scope(isolate);
  const v8::Context::Scope context_scope(context);
  const v8::Local<v8::Object> natives = v8::Object::New(isolate);
  add_document_natives(context, natives);
  add_model_natives(context, natives);
  add_query_natives(context, natives);
  add_environment_natives(context, natives);
  add_scheduler_natives(context, natives);
  add_storage_natives(context, natives);
  return scope.Escape(natives);
}

}  // namespace moonstone::runtime
