// Moonstone. Licence: see LICENSE.
//
// Natives of ctx.storage: fileUrl, fileMetadata, uploadUrl, eraseFile. Argument 0 is always the
// token of the call; the prelude has checked that ids are texts.
#include <cmath>
#include <optional>
#include <string>

#include <fmt/core.h>

#include "files/file_links.h"
#include "files/file_records.h"
#include "runtime/internal/native_call.h"

namespace moonstone::runtime {
namespace {

Result<const files::FileLinks*> links_of(const NativeCall& call) {
  if (call.run->call->links != nullptr) return call.run->call->links;
  return Error(ErrorCode::FailedPrecondition, "ctx.storage has no files here", "files");
}

/// Where the caller reaches the server. Whoever asks gets an answer of his own.
const std::string& base_url_of(const NativeCall& call) {
  call.run->outcome.read_base_url = true;
  return call.run->call->session->base_url;
}

NativeResult file_url(const NativeCall& call) {
  MS_TRY(const files::FileLinks* const links, links_of(call));
  MS_TRY(const Value options, from_v8(call.context, call.arg(2)));
  MS_TRY(const auto expires_in_s, files::read_expiry(options));
  MS_TRY(const auto record, files::find_record(call.run->reader(), call.text(1)));
  if (!record) return v8::Local<v8::Value>(v8::Null(call.isolate));
  if (links->needs_time(expires_in_s)) call.run->outcome.read_time_or_random = true;
  return v8::Local<v8::Value>(
      to_v8_string(call.isolate, links->url_of(base_url_of(call), record->storage_id, expires_in_s,
                                               call.run->call->now_unix_ms)));
}

NativeResult file_metadata(const NativeCall& call) {
  MS_TRY_STATUS(links_of(call));
  MS_TRY(const auto record, files::find_record(call.run->reader(), call.text(1)));
  if (!record) return v8::Local<v8::Value>(v8::Null(call.isolate));
  const v8::Local<v8::Object> metadata = v8::Object::New(call.isolate);
  const auto set = [&](std::string_view name, v8::Local<v8::Value> value) {
    metadata->Set(call.context, to_v8_name(call.isolate, name), value).Check();
  };
  set("storageId", to_v8_string(call.isolate, record->storage_id));
  set("sha256", to_v8_string(call.isolate, record->sha256));
  set("contentType", to_v8_string(call.isolate, record->content_type));
  set("size", v8::Number::New(call.isolate, static_cast<double>(record->size)));
  return v8::Local<v8::Value>(metadata);
}

Result<engine::Transaction*> transaction_of(const NativeCall& call) {
  if (call.run->call->transaction != nullptr) return call.run->call->transaction;
  return Error(ErrorCode::FailedPrecondition, "a query cannot write; make it a mutation");
}

NativeResult upload_url(const NativeCall& call) {
  MS_TRY(const files::FileLinks* const links, links_of(call));
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY(const std::string token, files::make_upload_token(*transaction, links->random()));
  return v8::Local<v8::Value>(
      to_v8_string(call.isolate, files::FileLinks::upload_url_of(base_url_of(call), token)));
}

NativeResult erase_file(const NativeCall& call) {
  MS_TRY_STATUS(links_of(call));
  MS_TRY(engine::Transaction* const transaction, transaction_of(call));
  MS_TRY_STATUS(files::erase_record(*transaction, call.text(1)));
  return call.undefined();
}

}  // namespace

void add_storage_natives(v8::Local<v8::Context> context, v8::Local<v8::Object> natives) {
  add_native<file_url, Needs::Run>(context, natives, "fileUrl");
  add_native<file_metadata, Needs::Run>(context, natives, "fileMetadata");
  add_native<upload_url, Needs::Run>(context, natives, "uploadUrl");
  add_native<erase_file, Needs::Run>(context, natives, "eraseFile");
}

}  // namespace moonstone::runtime
