// Moonstone. Licence: see LICENSE.
#include "files/file_records.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/digest.h"
#include "base/encoding.h"
#include "base/json.h"
#include "files/file_store.h"
#include "query/query.h"

namespace moonstone::files {
namespace {

constexpr std::string_view kFileTableJson = R"({
  "fields":{"storageId":{"type":"string"},"sha256":{"type":"string"},
    "contentType":{"type":"string"},"size":{"type":"number"}},
  "indexes":[{"name":"by_storage_id","fields":["storageId"]}]})";

constexpr std::string_view kUploadTableJson = R"({
  "fields":{"token":{"type":"string"},"expires":{"type":"number"}},
  "indexes":[{"name":"by_token","fields":["token"]},{"name":"by_expires","fields":["expires"]}]})";

/// Expired tokens deleted with each new one: more than one, so that their number falls.
constexpr std::uint64_t kExpiredPerToken = 2;

schema::Table parse_table(std::string_view name, std::string_view json) {
  auto parsed = parse_json(json);
  MS_CHECK(parsed.has_value(), "the declaration of a table of the system is no JSON");
  auto table = schema::parse_system_table(std::string(name), *parsed);
  MS_CHECK(table.has_value(), "the declaration of a table of the system is refused");
  return *std::move(table);
}

query::Query query_of(std::string_view table,
                      std::string_view field,
                      query::CompareOp op,
                      Value value,
                      std::uint64_t limit) {
  query::Query query;
  query.table = std::string(table);
  query.where = query::Expr::compare(op, query::Expr::make_field(field),
                                     query::Expr::make_literal(std::move(value)));
  query.limit = limit;
  return query;
}

Result<std::optional<query::Row>> find_row(engine::DocumentReader& reader,
                                           std::string_view table_name,
                                           std::string_view field,
                                           std::string_view value) {
  MS_TRY(const schema::Table* const table, reader.system_table(table_name));
  MS_TRY(std::vector<query::Row> rows,
         reader.select(*table,
                       query_of(table_name, field, query::CompareOp::Eq, std::string(value), 1)));
  if (rows.empty()) return std::nullopt;
  return std::move(rows.front());
}

const Value& value_of(const query::Row& row, std::string_view field) {
  static const Value kAbsent;
  const auto position = row.table->find_field(field);
  return position ? row.values[*position] : kAbsent;
}

std::string text_of(const query::Row& row, std::string_view field) {
  const Value& value = value_of(row, field);
  return value.is_text() ? value.as_text() : std::string();
}

double number_of(const query::Row& row, std::string_view field) {
  const Value& value = value_of(row, field);
  if (value.is_integer()) return static_cast<double>(value.as_integer());
  return value.is_number() ? value.as_number() : 0;
}

/// What a token's row holds instead of the token.
std::string token_digest(std::string_view token) {
  return to_hex(sha256(token));
}

}  // namespace

std::vector<schema::Table> tables() {
  return {parse_table(kFileTable, kFileTableJson), parse_table(kUploadTable, kUploadTableJson)};
}

std::string make_uuid(Random& random) {
  std::string bytes;
  for (int i = 0; i < 2; ++i) {
    const std::uint64_t number = random.next();
    for (unsigned shift = 0; shift < 64; shift += 8) {
      bytes.push_back(static_cast<char>(static_cast<unsigned char>(number >> shift)));
    }
  }
  // Version 4, variant 1 (RFC 9562).
  bytes[6] = static_cast<char>((static_cast<unsigned char>(bytes[6]) & 0x0FU) | 0x40U);
  bytes[8] = static_cast<char>((static_cast<unsigned char>(bytes[8]) & 0x3FU) | 0x80U);
  std::string text = to_hex(bytes);
  for (const std::size_t dash : {8U, 13U, 18U, 23U})
    text.insert(dash, 1, '-');
  return text;
}

std::string_view key_of_storage_id(std::string_view storage_id) {
  if (!storage_id.starts_with(kStorageIdPrefix)) return {};
  storage_id.remove_prefix(kStorageIdPrefix.size());
  return is_file_key(storage_id) ? storage_id : std::string_view();
}

Result<std::string> check_content_type(std::string_view content_type) {
  if (content_type.empty()) return std::string(kDefaultContentType);
  const bool is_plain =
      std::ranges::all_of(content_type, [](char c) { return c >= ' ' && c <= '~'; });
  if (is_plain && content_type.size() <= kContentTypeBytesMax) return std::string(content_type);
  return Error(ErrorCode::InvalidArgument,
               "The content type must be ASCII without control characters, at most " +
                   std::to_string(kContentTypeBytesMax) + " bytes",
               "content_type");
}

FileRecord record_of(const query::Row& row) {
  return {.storage_id = text_of(row, "storageId"),
          .sha256 = text_of(row, "sha256"),
          .content_type = text_of(row, "contentType"),
          .size = static_cast<std::uint64_t>(number_of(row, "size"))};
}

Result<std::optional<FileRecord>> find_record(engine::DocumentReader& reader,
                                              std::string_view storage_id) {
  MS_TRY(const auto row, find_row(reader, kFileTable, "storageId", storage_id));
  if (!row) return std::nullopt;
  return record_of(*row);
}

Result<std::vector<FileRecord>> read_records(engine::DocumentReader& reader,
                                             std::string_view after,
                                             std::size_t limit) {
  MS_TRY(const schema::Table* const table, reader.system_table(kFileTable));
  query::Query query =
      query_of(kFileTable, "storageId", query::CompareOp::Gt, std::string(after), limit);
  query.order = {{.field = "storageId"}};
  MS_TRY(const std::vector<query::Row> rows, reader.select(*table, query));
  std::vector<FileRecord> records;
  for (const query::Row& row : rows)
    records.push_back(record_of(row));
  return records;
}

Status insert_record(engine::Transaction& transaction, const FileRecord& record) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kFileTable));
  MS_TRY(const auto present, find_record(transaction, record.storage_id));
  if (present) {
    return Error(ErrorCode::AlreadyExists, "the file " + record.storage_id + " is there already");
  }
  Object document;
  document.append("storageId", record.storage_id);
  document.append("sha256", record.sha256);
  document.append("contentType", record.content_type);
  document.append("size", static_cast<double>(record.size));
  MS_TRY_STATUS(transaction.insert(*table, std::move(document)));
  return {};
}

Status erase_record(engine::Transaction& transaction, std::string_view storage_id) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kFileTable));
  MS_TRY(const auto row, find_row(transaction, kFileTable, "storageId", storage_id));
  if (!row) return {};
  return transaction.erase(*table, row->id);
}

Result<std::string> make_upload_token(engine::Transaction& transaction, Random& random) {
  MS_TRY(const schema::Table* const table, transaction.system_table(kUploadTable));
  const auto now = static_cast<double>(transaction.now_unix_ms());
  MS_TRY(const std::vector<query::Row> expired,
         transaction.select(*table, query_of(kUploadTable, "expires", query::CompareOp::Lte, now,
                                             kExpiredPerToken)));
  for (const query::Row& row : expired)
    MS_TRY_STATUS(transaction.erase(*table, row.id));
  std::string token = make_uuid(random);
  Object document;
  document.append("token", token_digest(token));
  document.append("expires", now + static_cast<double>(kUploadTokenMs));
  MS_TRY_STATUS(transaction.insert(*table, std::move(document)));
  return token;
}

Status take_upload_token(engine::Transaction& transaction, std::string_view token) {
  const Error refused(ErrorCode::PermissionDenied, "Invalid or expired token", "upload_token");
  MS_TRY(const schema::Table* const table, transaction.system_table(kUploadTable));
  MS_TRY(const auto row, find_row(transaction, kUploadTable, "token", token_digest(token)));
  if (!row || number_of(*row, "expires") <= static_cast<double>(transaction.now_unix_ms())) {
    return refused;
  }
  return transaction.erase(*table, row->id);
}

}  // namespace moonstone::files
