// Moonstone. Licence: see LICENSE.
#include "protocol/functions/transfer_routes.h"

#include <chrono>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/byte_stream.h"
#include "base/json.h"
#include "base/version.h"
#include "files/file_links.h"
#include "files/file_records.h"
#include "files/file_service.h"
#include "query/storage_json.h"
#include "schema/schema.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kExportPath = "/__admin/export";
constexpr std::string_view kImportPath = "/__admin/import";
constexpr std::string_view kFilePath = "/__admin/file";
constexpr std::int64_t kExportFormat = 1;
/// Documents that are read at once.
constexpr std::uint64_t kRowsPerRead = 500;
/// A piece of an export ends soon after that many bytes.
constexpr std::size_t kPieceBytes = kStreamPieceBytesMax;
/// One read of a piece; only a disk that hangs takes longer.
constexpr std::chrono::seconds kReadTimeMax{30};

HttpResponse refusal(int status,
                     std::string_view code,
                     std::string_view message,
                     std::optional<std::size_t> line = std::nullopt) {
  std::string body = R"({"success":false,"error":)";
  write_json_string(message, body);
  body.append(R"(,"code":)");
  write_json_string(code, body);
  if (line) body += fmt::format(R"(,"line":{})", *line);
  return json_response(status, body + "}");
}

// Export ---------------------------------------------------------------------------------------

/// Everything of one snapshot, piece by piece. Its reads run on the worker.
class ExportStream final : public ByteStream, public std::enable_shared_from_this<ExportStream> {
 public:
  ExportStream(TenantPtr tenant, std::unique_ptr<engine::ReadSession> snapshot, Executor& worker)
      : tenant_(std::move(tenant)), snapshot_(std::move(snapshot)), worker_(worker) {
    schema_ = snapshot_->source().schema();
  }

  void read(Done done) override {
    worker_.post([self = shared_from_this(), done = std::move(done)]() mutable {
      done(self->next_piece());
    });
  }

 private:
  Result<std::string> next_piece() {
    std::string piece;
    while (piece.size() < kPieceBytes && stage_ != Stage::Over)
      MS_TRY_STATUS(add_some(piece));
    return piece;
  }

  enum class Stage : unsigned char { Head, Tables, Files, End, Over };

  Status add_some(std::string& piece) {
    switch (stage_) {
      case Stage::Head:
        add_line(Object{{"moonstone", "export"},
                        {"format", kExportFormat},
                        {"version", version()},
                        {"schema", schema::schema_to_json(*schema_)}},
                 piece);
        stage_ = Stage::Tables;
        return {};
      case Stage::Tables:
        return add_documents(piece);
      case Stage::Files:
        return add_files(piece);
      case Stage::End:
        add_line(Object{{"end", true}, {"documents", documents_}, {"files", files_}}, piece);
        snapshot_->end();
        stage_ = Stage::Over;
        return {};
      case Stage::Over:
        return {};
    }
    return {};
  }

  static void add_line(const Value& value, std::string& piece) { piece += to_json(value) + "\n"; }

  [[nodiscard]] engine::DocumentReader reader() {
    return engine::DocumentReader(snapshot_->source(),
                                  {.deadline = std::chrono::steady_clock::now() + kReadTimeMax});
  }

  Status add_documents(std::string& piece) {
    while (table_ < schema_->tables.size() &&
           schema_->tables[table_].owner == schema::TableOwner::System) {
      ++table_;
    }
    if (table_ == schema_->tables.size()) {
      stage_ = Stage::Files;
      return {};
    }
    const schema::Table& table = schema_->tables[table_];
    if (after_.empty()) add_line(Object{{"table", table.name}}, piece);
    query::Query query;
    query.table = table.name;
    query.limit = kRowsPerRead;
    query.order = {{.field = "_id"}};
    if (!after_.empty()) {
      query.where = query::Expr::compare(query::CompareOp::Gt, query::Expr::make_field("_id"),
                                         query::Expr::make_literal(after_));
    }
    engine::DocumentReader documents = reader();
    documents.stop_recording();
    MS_TRY(const std::vector<query::Row> rows, documents.select(table, query));
    for (const query::Row& row : rows) {
      query::write_storage_json(query::document_of(row), piece);
      piece += '\n';
    }
    documents_ += static_cast<std::int64_t>(rows.size());
    if (rows.size() < kRowsPerRead) {
      ++table_;
      after_.clear();
    } else {
      after_ = rows.back().id;
    }
    return {};
  }

  Status add_files(std::string& piece) {
    engine::DocumentReader records = reader();
    records.stop_recording();
    // A database that never served anything has no table of files yet.
    if (!records.system_table(files::kFileTable)) {
      stage_ = Stage::End;
      return {};
    }
    MS_TRY(const auto found, files::read_records(records, after_, kRowsPerRead));
    for (const files::FileRecord& file : found) {
      add_line(Object{{"file", Object{{"storageId", file.storage_id},
                                      {"sha256", file.sha256},
                                      {"contentType", file.content_type},
                                      {"size", static_cast<std::int64_t>(file.size)}}}},
               piece);
    }
    files_ += static_cast<std::int64_t>(found.size());
    if (found.size() < kRowsPerRead) {
      stage_ = Stage::End;
    } else {
      after_ = found.back().storage_id;
    }
    return {};
  }

  TenantPtr tenant_;  // keeps the database open
  std::unique_ptr<engine::ReadSession> snapshot_;
  Executor& worker_;
  schema::SchemaPtr schema_;
  Stage stage_ = Stage::Head;
  std::size_t table_ = 0;
  std::string after_;  // the last id that was written of the table, or of the files
  std::int64_t documents_ = 0;
  std::int64_t files_ = 0;
};

void export_all(Exchange exchange, Executor& worker) {
  auto snapshot = exchange.tenant->database().new_reader();
  if (!snapshot) return exchange.respond(admin_error_response(snapshot.error()));
  if (const auto begun = (*snapshot)->begin(); !begun) {
    return exchange.respond(admin_error_response(begun.error()));
  }
  exchange.respond({.status = 200,
                    .headers = {{"Content-Type", "application/x-ndjson"}},
                    .body = {},
                    .stream = std::make_shared<ExportStream>(std::move(exchange.tenant),
                                                             *std::move(snapshot), worker)});
}

// Import ---------------------------------------------------------------------------------------

enum class Existing : unsigned char { Refuse, Replace, Skip };

/// A document of an import, with the number of its line.
struct ImportedLine {
  std::size_t number = 0;
  std::string id;
  Object document;
};

Result<ImportedLine> parse_line(std::string_view text, std::size_t number) {
  MS_TRY(Value value, query::parse_storage_json(text));
  if (!value.is_object()) return Error(ErrorCode::InvalidArgument, "a document is an object");
  ImportedLine line{.number = number, .id = {}, .document = std::move(value.as_object())};
  const Value* const id = line.document.find("_id");
  if (id == nullptr || !id->is_text()) {
    return Error(ErrorCode::InvalidArgument, "the document has no _id");
  }
  line.id = id->as_text();
  return line;
}

/// The number of the line that an import stumbled over; set by the last run of its mutation.
using FailedLine = std::shared_ptr<std::size_t>;

Status import_line(engine::Transaction& transaction,
                   const schema::Table& table,
                   const ImportedLine& line,
                   Existing existing,
                   std::int64_t& imported) {
  Status done = transaction.insert_as(table, line.id, line.document);
  if (!done && done.error().code() == ErrorCode::AlreadyExists) {
    if (existing == Existing::Skip) return {};
    if (existing == Existing::Replace) done = transaction.replace(table, line.id, line.document);
  }
  if (done) ++imported;
  return done;
}

/// Splits the body. Errors: with the number of the line in `failed`.
Result<std::vector<ImportedLine>> parse_lines(std::string_view body, std::size_t& failed) {
  std::vector<ImportedLine> lines;
  std::size_t number = 0;
  while (!body.empty()) {
    const std::size_t end = std::min(body.find('\n'), body.size());
    const std::string_view text = body.substr(0, end);
    body.remove_prefix(std::min(end + 1, body.size()));
    failed = ++number;
    if (text.empty()) continue;
    if (lines.size() == kImportLinesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("one request takes at most {} documents", kImportLinesMax));
    }
    MS_TRY(ImportedLine line, parse_line(text, number));
    lines.push_back(std::move(line));
  }
  return lines;
}

engine::MutationBody import_body(std::string table,
                                 std::shared_ptr<const std::vector<ImportedLine>> lines,
                                 Existing existing,
                                 FailedLine failed) {
  return [table = std::move(table), lines = std::move(lines), existing, failed = std::move(failed)](
             engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    transaction.stop_recording();
    MS_TRY(const schema::Table* const found, transaction.table(table));
    std::int64_t imported = 0;
    for (const ImportedLine& line : *lines) {
      *failed = line.number;
      MS_TRY_STATUS(import_line(transaction, *found, line, existing, imported));
    }
    return fmt::format(R"({{"imported":{}}})", imported);
  };
}

void import_documents(Exchange exchange) {
  const std::string_view query = exchange.request.query;
  const auto table = files::query_parameter(query, "table");
  if (!table) return exchange.respond(refusal(400, "bad_request", "?table= is missing"));
  const std::string existing = files::query_parameter(query, "existing").value_or("refuse");
  const auto failed = std::make_shared<std::size_t>(0);
  auto lines = parse_lines(exchange.request.body, *failed);
  if (!lines) {
    return exchange.respond(refusal(400, "bad_document", lines.error().message(), *failed));
  }
  engine::MutationCall call;
  call.function = "_system:import";
  call.body =
      import_body(*table, std::make_shared<const std::vector<ImportedLine>>(*std::move(lines)),
                  existing == "replace" ? Existing::Replace
                  : existing == "skip"  ? Existing::Skip
                                        : Existing::Refuse,
                  failed);
  engine::Database& database = exchange.tenant->database();
  call.done = [failed, tenant = exchange.tenant, respond = std::move(exchange.respond)](
                  Result<engine::MutationOutcome> outcome) mutable {
    if (!outcome) {
      const bool is_unknown = outcome.error().code() == ErrorCode::NotFound;
      return respond(refusal(is_unknown ? 404 : 409, is_unknown ? "unknown_table" : "bad_document",
                             outcome.error().message(),
                             is_unknown ? std::nullopt : std::optional(*failed)));
    }
    respond(json_response(
        200, R"({"success":true,"result":)" + outcome->result_json.value_or("null") + "}"));
  };
  database.submit(std::move(call));
}

// Files ----------------------------------------------------------------------------------------

void send_file(Exchange exchange, std::string id) {
  files::FileService& files = exchange.tenant->files();
  files.find(std::move(id), [exchange = std::move(exchange),
                             &files](Result<std::optional<files::FileRecord>> found) mutable {
    if (!found) return exchange.respond(admin_error_response(found.error()));
    if (!*found) return exchange.respond(refusal(404, "not_found", "there is no such file"));
    const files::FileRecord record = **found;
    files.open(record, {.from = 0, .count = record.size},
               [exchange = std::move(exchange), record](Result<ByteStreamPtr> bytes) mutable {
                 if (!bytes) return exchange.respond(admin_error_response(bytes.error()));
                 exchange.respond({.status = 200,
                                   .headers = {{"Content-Type", "application/octet-stream"}},
                                   .body = {},
                                   .stream = *std::move(bytes),
                                   .stream_bytes = record.size});
               });
  });
}

void take_file(Exchange exchange, std::string id) {
  ByteStreamPtr bytes = std::move(exchange.request.stream);
  if (bytes == nullptr) bytes = stream_of(std::move(exchange.request.body));
  files::FileService& files = exchange.tenant->files();
  const std::string type(exchange.request.header("Content-Type"));
  files.store({.type = type, .bytes = std::move(bytes)}, std::move(id),
              [exchange = std::move(exchange)](Result<std::string> stored) mutable {
                if (stored) {
                  return exchange.respond(
                      json_response(200, R"({"success":true,"result":{"stored":true}})"));
                }
                const bool is_there = stored.error().code() == ErrorCode::AlreadyExists;
                exchange.respond(refusal(is_there ? 409 : 500,
                                         is_there ? "already_there" : "execution_error",
                                         stored.error().message()));
              });
}

}  // namespace

bool carries_imported_file(const HttpRequest& head) {
  return head.method == "PUT" && head.path.ends_with(kFilePath);
}

bool route_transfer(Exchange& exchange, const Administration& rules, Executor& worker) {
  const HttpRequest& request = exchange.request;
  const bool is_export = request.method == "GET" && request.path == kExportPath;
  const bool is_import = request.method == "POST" && request.path == kImportPath;
  const bool is_file =
      (request.method == "GET" || request.method == "PUT") && request.path == kFilePath;
  if (!is_export && !is_import && !is_file) return false;
  if (auto refused = refuse_administration(rules, request)) {
    exchange.respond(*std::move(refused));
    return true;
  }
  if (is_export) {
    export_all(std::move(exchange), worker);
  } else if (is_import) {
    import_documents(std::move(exchange));
  } else if (auto id = files::query_parameter(request.query, "id"); !id) {
    exchange.respond(refusal(400, "bad_request", "?id= is missing"));
  } else if (request.method == "GET") {
    send_file(std::move(exchange), *std::move(id));
  } else {
    take_file(std::move(exchange), *std::move(id));
  }
  return true;
}

}  // namespace moonstone::protocol::functions
