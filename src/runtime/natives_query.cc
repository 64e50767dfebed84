// Moonstone. Licence: see LICENSE.
//
// Natives that run queries: select, count, paginate. Arguments 0 to 8 are those of query_reader.h.
#include <utility>
#include <vector>

#include "query/page.h"
#include "runtime/internal/native_call.h"
#include "runtime/internal/query_reader.h"

namespace moonstone::runtime {
namespace {

NativeResult select(const NativeCall& call) {
  MS_TRY(query::Query query, read_query(call, WithOrder::Yes));
  if (call.arg(9)->IsNumber()) {
    query.limit = static_cast<std::uint64_t>(call.arg(9).As<v8::Number>()->Value());
  }
  MS_TRY(auto rows, call.run->reader().select(query));
  return documents_of_rows(call, std::move(rows));
}

NativeResult count(const NativeCall& call) {
  MS_TRY(const query::Query query, read_query(call, WithOrder::No));
  MS_TRY(const std::uint64_t rows, call.run->reader().count(query));
  return v8::Local<v8::Value>(v8::Number::New(call.isolate, static_cast<double>(rows)));
}

/// { page, continueCursor, isDone } as functions.md 6.6 says; argument 9 is numItems, 10 the
/// cursor.
NativeResult paginate(const NativeCall& call) {
  MS_TRY(const query::Query query, read_query(call, WithOrder::Yes));
  engine::DocumentReader& reader = call.run->reader();
  const std::string cursor_before = call.text(10);
  const query::PageRequest request{
      .cursor = cursor_before,
      .size = static_cast<std::uint64_t>(call.arg(9).As<v8::Number>()->Value()),
      .secret = reader.secret()};
  MS_TRY(query::Page read, query::read_page(query, request, [&](const query::Query& page) {
           return reader.select(page);
         }));
  MS_TRY(const v8::Local<v8::Value> documents, documents_of_rows(call, std::move(read.rows)));
  v8::Local<v8::Value> cursor = v8::Null(call.isolate);
  if (!read.cursor.empty()) cursor = to_v8_string(call.isolate, read.cursor);
  const v8::Local<v8::Object> page = v8::Object::New(call.isolate);
  const auto set = [&](std::string_view name, v8::Local<v8::Value> value) {
    page->Set(call.context, to_v8_name(call.isolate, name), value).Check();
  };
  set("page", documents);
  set("continueCursor", cursor);
  set("isDone", v8::Boolean::New(call.isolate, read.is_done));
  return v8::Local<v8::Value>(page);
}

}  // namespace

void add_query_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<select, Needs::Run>(context, natives, "select");
  add_native<count, Needs::Run>(context, natives, "count");
  add_native<paginate, Needs::Run>(context, natives, "paginate");
}

}  // namespace moonstone::runtime
