// Moonstone. Licence: see LICENSE.
#include "protocol/functions/transfer_routes.h"

#include <algorithm>
#include <chrono>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

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
/// What is read at once: so many documents, but of large ones only as many as have so many bytes.
constexpr std::uint64_t kRowsPerRead = 500;
constexpr std::uint64_t kBytesPerRead = std::uint64_t{8} * 1024 * 1024;
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

/// Whether its rows belong into an export: those of views are made of others, and somebody else
/// looks after external tables.
bool is_exported(const schema::Table& table) {
  if (table.owner == schema::TableOwner::System) return false;
  return table.model == nullptr || (!table.model->is_view && !table.model->is_external);
}

/// The tables in an order in which their rows can be inserted: what others refer to comes first.
class ExportOrder {
 public:
  explicit ExportOrder(const schema::Schema& schema) : schema_(schema) {
    for (const schema::Table& table : schema.tables)
      add(table);
  }

  std::vector<const schema::Table*> take() && { return std::move(tables_); }

 private:
  void add(const schema::Table& table) {
    if (!is_exported(table) || std::ranges::find(seen_, &table) != seen_.end()) return;
    seen_.push_back(&table);
    if (table.model != nullptr) {
      for (const schema::Relation& relation : table.model->relations) {
        if (relation.kind != schema::RelationKind::BelongsTo) continue;
        const std::string& target = schema_.catalog->models[relation.target].table;
        if (const schema::Table* const found = schema_.find_user_table(target)) add(*found);
      }
    }
    tables_.push_back(&table);
  }

  const schema::Schema& schema_;
  std::vector<const schema::Table*> seen_;  // those that wait for theirs included
  std::vector<const schema::Table*> tables_;
};

/// Everything of one snapshot, piece by piece. Its reads run on the worker.
class ExportStream final : public ByteStream, public std::enable_shared_from_this<ExportStream> {
 public:
  ExportStream(TenantPtr tenant, std::unique_ptr<engine::ReadSession> snapshot, Executor& worker)
      : tenant_(std::move(tenant)), snapshot_(std::move(snapshot)), worker_(worker) {
    schema_ = snapshot_->source().schema();
    tables_ = ExportOrder(*schema_).take();
  }

  void read(Done done) override {
    worker_.post([self = shared_from_this(), done = std::move(done)]() mutable {
      done(self->next_piece());
    });
  }

 private:
  enum class Stage : unsigned char { Head, Tables, Files, End, Over };

  std::string next_piece() {
    text_.erase(0, sent_);
    while (text_.size() < kStreamPieceBytesMax && stage_ != Stage::Over) {
      if (const Status added = add_some(); !added) fail(added.error());
    }
    std::string piece = text_.substr(0, kStreamPieceBytesMax);
    sent_ = piece.size();
    return piece;
  }

  /// The status has been sent long ago; this line is how the other side learns the reason.
  void fail(const Error& error) {
    add_line(Object{{"error", error.message()}});
    snapshot_->end();
    stage_ = Stage::Over;
  }

  Status add_some() {
    switch (stage_) {
      case Stage::Head:
        add_line(Object{{"moonstone", "export"},
                        {"format", kExportFormat},
                        {"version", version()},
                        {"schema", schema::schema_to_json(*schema_)}});
        stage_ = Stage::Tables;
        return {};
      case Stage::Tables:
        return add_documents();
      case Stage::Files:
        return add_files();
      case Stage::End:
        add_line(Object{{"end", true}, {"documents", documents_}, {"files", files_}});
        snapshot_->end();
        stage_ = Stage::Over;
        return {};
      case Stage::Over:
        return {};
    }
    return {};
  }

  void add_line(const Value& value) { text_ += to_json(value) + "\n"; }

  [[nodiscard]] engine::DocumentReader reader(std::uint64_t bytes_max) {
    return engine::DocumentReader(
        snapshot_->source(),
        {.bytes_left = bytes_max, .deadline = std::chrono::steady_clock::now() + kReadTimeMax});
  }

  /// What comes behind the row in the order of the export: ids of models have none.
  static query::ExprPtr is_behind(const schema::Table& table, const query::Row& row) {
    using query::Expr;
    const bool has_order = table.model == nullptr;
    return Expr::compare(
        query::CompareOp::Gt,
        Expr::make_field(has_order ? std::string_view("_id") : query::kRowNumberField),
        Expr::make_literal(has_order ? Value(row.id) : Value(row.number)));
  }

  /// The next documents of the table. Where they are large it tries again with fewer.
  Result<std::vector<query::Row>> read_documents(const schema::Table& table) {
    query::Query query;
    query.table = table.name;
    query.order = {{.field = "_id"}};
    if (last_) query.where = is_behind(table, *last_);
    while (true) {
      const bool is_single = rows_per_read_ == 1;
      query.limit = rows_per_read_;
      engine::DocumentReader documents =
          reader(is_single ? std::numeric_limits<std::uint64_t>::max() : kBytesPerRead);
      documents.stop_recording();
      auto rows = documents.select(table, query);
      if (rows || is_single || rows.error().reason() != "read_bytes") return rows;
      rows_per_read_ = std::max<std::uint64_t>(rows_per_read_ / 8, 1);
    }
  }

  Status add_documents() {
    if (table_ == tables_.size()) {
      stage_ = Stage::Files;
      return {};
    }
    const schema::Table& table = *tables_[table_];
    if (!last_) add_line(Object{{"table", table.name}});
    MS_TRY(std::vector<query::Row> rows, read_documents(table));
    for (const query::Row& row : rows) {
      query::write_storage_json(query::document_of(row), text_);
      text_ += '\n';
    }
    documents_ += static_cast<std::int64_t>(rows.size());
    if (rows.size() < rows_per_read_) {
      ++table_;
      last_.reset();
    } else {
      last_ = std::move(rows.back());
    }
    rows_per_read_ = std::min(rows_per_read_ * 2, kRowsPerRead);
    return {};
  }

  Status add_files() {
    engine::DocumentReader records = reader(std::numeric_limits<std::uint64_t>::max());
    records.stop_recording();
    // A database that never served anything has no table of files yet.
    if (!records.system_table(files::kFileTable)) {
      stage_ = Stage::End;
      return {};
    }
    MS_TRY(const auto found, files::read_records(records, last_file_, kRowsPerRead));
    for (const files::FileRecord& file : found) {
      add_line(Object{{"file", Object{{"storageId", file.storage_id},
                                      {"sha256", file.sha256},
                                      {"contentType", file.content_type},
                                      {"size", static_cast<std::int64_t>(file.size)}}}});
    }
    files_ += static_cast<std::int64_t>(found.size());
    if (found.size() < kRowsPerRead) {
      stage_ = Stage::End;
    } else {
      last_file_ = found.back().storage_id;
    }
    return {};
  }

  TenantPtr tenant_;  // keeps the database open
  std::unique_ptr<engine::ReadSession> snapshot_;
  Executor& worker_;
  schema::SchemaPtr schema_;
  std::vector<const schema::Table*> tables_;
  Stage stage_ = Stage::Head;
  std::size_t table_ = 0;
  std::uint64_t rows_per_read_ = kRowsPerRead;
  std::optional<query::Row> last_;  // that was written of the table
  std::string last_file_;
  std::string text_;
  std::size_t sent_ = 0;  // bytes of the text that the last piece had
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

struct ImportRequest {
  std::string table;
  std::vector<ImportedLine> lines;
  Existing existing = Existing::Refuse;
  bool tells_later = false;
};

struct ImportOutcome {
  std::int64_t imported = 0;
  std::int64_t older = 0;          // of them, than others of the table; see is_older
  std::vector<std::size_t> later;  // lines
};

bool refers_to_nothing(const Error& error) {
  return error.reason() == "foreign_key";
}

/// Whether the table has a document with a greater id. One that is inserted then stands behind it
/// all the same, so that ids are no longer in the order of insertion, on which pages rely.
Result<bool> is_older(engine::Transaction& transaction,
                      const schema::Table& table,
                      const std::string& id) {
  query::Query newer;
  newer.table = table.name;
  newer.where = query::Expr::compare(query::CompareOp::Gt, query::Expr::make_field("_id"),
                                     query::Expr::make_literal(id));
  newer.limit = 1;
  MS_TRY(const std::vector<query::Row> found, transaction.select(table, newer));
  return !found.empty();
}

/// `may_be_older`: than what was there before the request.
Status import_line(engine::Transaction& transaction,
                   const schema::Table& table,
                   const ImportedLine& line,
                   const ImportRequest& request,
                   bool may_be_older,
                   ImportOutcome& outcome) {
  Status done = transaction.insert_as(table, line.id, line.document);
  if (done && may_be_older) {
    MS_TRY(const bool is_out_of_order, is_older(transaction, table, line.id));
    outcome.older += is_out_of_order ? 1 : 0;
  }
  if (!done && done.error().reason() == "document") {
    if (request.existing == Existing::Skip) return {};
    if (request.existing == Existing::Replace) {
      done = transaction.replace_as(table, line.id, line.document);
    }
  }
  if (done) ++outcome.imported;
  return done;
}

/// The document without what it says of other rows of its table, and of another time: a row whose
/// time an update does not change is stamped with the present one.
Object without_own_references(const schema::Catalog& catalog,
                              const schema::Table& table,
                              Object document) {
  for (const schema::Relation& relation : table.model->relations) {
    const bool is_own = relation.kind == schema::RelationKind::BelongsTo &&
                        catalog.models[relation.target].table == table.name;
    if (!is_own) continue;
    for (const std::string& field : relation.own_fields) {
      if (document.find(field) != nullptr) document.set(field, nullptr);
    }
  }
  for (const schema::ModelField& field : table.model->fields) {
    if (field.is_updated_at) document.set(field.name, "1970-01-01T00:00:00.000Z");
  }
  return document;
}

Error neither_here_nor_there() {
  return {ErrorCode::FailedPrecondition, "the row refers to one that is neither here nor there",
          "foreign_key"};
}

/// Rows that refer to each other in a circle: all are made first, and then refer.
Status import_circle(engine::Transaction& transaction,
                     const schema::Table& table,
                     const std::vector<const ImportedLine*>& lines,
                     std::size_t& failed,
                     ImportOutcome& outcome) {
  for (const ImportedLine* const line : lines) {
    failed = line->number;
    const Status made = transaction.insert_as(
        table, line->id,
        without_own_references(*transaction.schema()->catalog, table, line->document));
    if (!made && refers_to_nothing(made.error())) return neither_here_nor_there();
    if (!made && made.error().reason() != "document") return made;
  }
  for (const ImportedLine* const line : lines) {
    failed = line->number;
    const Status done = transaction.replace_as(table, line->id, line->document);
    if (!done && refers_to_nothing(done.error())) return neither_here_nor_there();
    MS_TRY_STATUS(done);
    ++outcome.imported;
  }
  return {};
}

/// A row may refer to one behind it: such lines are tried again for as long as there is progress.
Status import_lines(engine::Transaction& transaction,
                    const schema::Table& table,
                    const ImportRequest& request,
                    std::size_t& failed,
                    ImportOutcome& outcome) {
  std::vector<const ImportedLine*> rest;
  for (const ImportedLine& line : request.lines)
    rest.push_back(&line);
  bool may_be_older = false;
  if (table.model == nullptr && !rest.empty()) {
    std::ranges::sort(rest, {}, [](const ImportedLine* line) {
      return std::pair(std::string_view(line->id), line->number);
    });
    MS_TRY(may_be_older, is_older(transaction, table, rest.front()->id));
  }
  while (!rest.empty()) {
    std::vector<const ImportedLine*> waiting;
    for (const ImportedLine* const line : rest) {
      failed = line->number;
      Status done = import_line(transaction, table, *line, request, may_be_older, outcome);
      if (done) continue;
      if (!refers_to_nothing(done.error())) return done;
      waiting.push_back(line);
    }
    const bool is_stuck = waiting.size() == rest.size();
    rest = std::move(waiting);
    if (is_stuck) break;
  }
  if (rest.empty()) return {};
  if (!request.tells_later) return import_circle(transaction, table, rest, failed, outcome);
  for (const ImportedLine* const line : rest)
    outcome.later.push_back(line->number);
  return {};
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
    if (text.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    if (lines.size() == kImportLinesMax) {
      return Error(ErrorCode::LimitExceeded,
                   fmt::format("one request takes at most {} documents", kImportLinesMax));
    }
    MS_TRY(ImportedLine line, parse_line(text, number));
    lines.push_back(std::move(line));
  }
  return lines;
}

engine::MutationBody import_body(std::shared_ptr<const ImportRequest> request, FailedLine failed) {
  return [request = std::move(request), failed = std::move(failed)](
             engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    transaction.stop_recording();
    transaction.lift_limits();
    MS_TRY(const schema::Table* const found, transaction.table(request->table));
    ImportOutcome outcome;
    MS_TRY_STATUS(import_lines(transaction, *found, *request, *failed, outcome));
    return fmt::format(R"({{"imported":{},"older":{},"later":[{}]}})", outcome.imported,
                       outcome.older, fmt::join(outcome.later, ","));
  };
}

Existing existing_of(std::string_view query) {
  const std::string text = files::query_parameter(query, "existing").value_or("refuse");
  return text == "replace" ? Existing::Replace : text == "skip" ? Existing::Skip : Existing::Refuse;
}

void import_documents(Exchange exchange, std::string_view body) {
  const std::string_view query = exchange.request.query;
  auto table = files::query_parameter(query, "table");
  if (!table) return exchange.respond(refusal(400, "bad_request", "?table= is missing"));
  const auto failed = std::make_shared<std::size_t>(0);
  auto lines = parse_lines(body, *failed);
  if (!lines) {
    return exchange.respond(refusal(400, "bad_document", lines.error().message(), *failed));
  }
  engine::MutationCall call;
  call.function = "_system:import";
  call.body = import_body(std::make_shared<const ImportRequest>(ImportRequest{
                              .table = *std::move(table),
                              .lines = *std::move(lines),
                              .existing = existing_of(query),
                              .tells_later = files::query_parameter(query, "later").has_value()}),
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

void take_documents(Exchange exchange) {
  ByteStreamPtr stream = std::move(exchange.request.stream);
  if (stream == nullptr) {
    const std::string body = std::move(exchange.request.body);
    return import_documents(std::move(exchange), body);
  }
  read_all(std::move(stream), kImportBytesMax,
           [exchange = std::move(exchange)](Result<std::string> body) mutable {
             if (!body) {
               return exchange.respond(refusal(413, "bad_request", body.error().message()));
             }
             import_documents(std::move(exchange), *body);
           });
}

// Files ----------------------------------------------------------------------------------------

HttpResponse no_such_file() {
  return refusal(404, "not_found", "there is no such file");
}

void send_file(Exchange exchange, std::string id) {
  files::FileService& files = exchange.tenant->files();
  files.find(std::move(id), [exchange = std::move(exchange),
                             &files](Result<std::optional<files::FileRecord>> found) mutable {
    if (!found) return exchange.respond(admin_error_response(found.error()));
    if (!*found) return exchange.respond(no_such_file());
    const files::FileRecord record = **found;
    files.open(record, {.from = 0, .count = record.size},
               [exchange = std::move(exchange), record](Result<ByteStreamPtr> bytes) mutable {
                 if (!bytes && bytes.error().code() == ErrorCode::NotFound)
                   return exchange.respond(no_such_file());
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

bool carries_import(const HttpRequest& head) {
  return (head.method == "PUT" && head.path.ends_with(kFilePath)) ||
         (head.method == "POST" && head.path.ends_with(kImportPath));
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
    take_documents(std::move(exchange));
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
