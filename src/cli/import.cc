// Moonstone. Licence: see LICENSE.
// moonstone import: the folder of an export into a server, or into a folder's data.

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/json.h"
#include "cli/commands.h"
#include "cli/export_folder.h"
#include "cli/files.h"
#include "cli/local_server.h"
#include "cli/report.h"

namespace moonstone::cli {
namespace {

namespace fs = std::filesystem;

/// One mutation takes that many documents or, of large ones, as many as have that many bytes.
constexpr std::size_t kBatchLines = 500;
constexpr std::size_t kBatchBytes = std::size_t{256} * 1024;

std::string text_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_text() ? member->as_text() : std::string();
}

class Import {
 public:
  Import(const TransferOptions& options, const Remote& remote, Terminal& terminal)
      : options_(options), remote_(remote), terminal_(terminal) {}

  Status run() {
    MS_TRY_STATUS(check_manifest());
    MS_TRY(const std::vector<std::string> tables, list_tables());
    has_begun_ = true;
    for (const std::string& table : tables)
      MS_TRY_STATUS(import_table(table));
    return import_files();
  }

  [[nodiscard]] bool has_begun() const { return has_begun_; }

  void report() {
    if (options_.format == Format::Json) {
      return print_json(
          terminal_,
          Object{{"folder", options_.folder}, {"documents", documents_}, {"files", files_}});
    }
    terminal_.line(fmt::format("  {} {} documents and {} files imported",
                               terminal_.styled(Style::Green, "✓"), documents_, files_));
  }

 private:
  /// A folder without the manifest may be written by hand; one of a newer format may not be read.
  Status check_manifest() {
    if (!is_folder(options_.folder + "/tables")) {
      return Error(
          ErrorCode::NotFound,
          fmt::format("{} is not the folder of an export: it has no tables/", options_.folder));
    }
    const std::string path = export_manifest(options_.folder);
    if (!is_file(path)) {
      terminal_.warning(fmt::format("{} is missing: the export may not be whole", path));
      return {};
    }
    MS_TRY(const std::string text, read_file(path));
    const auto manifest = parse_json(text);
    const Value* const format =
        manifest && manifest->is_object() ? manifest->as_object().find("format") : nullptr;
    if (format != nullptr && *format == Value(kExportFormat)) return {};
    return Error(
        ErrorCode::InvalidArgument,
        fmt::format("{}: this version of Moonstone reads format {} only", path, kExportFormat));
  }

  Result<std::vector<std::string>> list_tables() const {
    std::vector<std::string> tables;
    std::error_code failed;
    for (const auto& entry : fs::directory_iterator(options_.folder + "/tables", failed)) {
      if (entry.path().extension() == ".jsonl") tables.push_back(entry.path().stem().string());
    }
    std::ranges::sort(tables);
    if (!failed) return tables;
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot read {}/tables: {}", options_.folder, failed.message()));
  }

  Status import_table(const std::string& table) {
    MS_TRY(const std::string path, table_file(options_.folder, table));
    std::ifstream lines(path, std::ios::binary);
    if (!lines) return Error(ErrorCode::Unavailable, fmt::format("cannot read {}", path));
    std::size_t number = 0;  // of the last line that was read
    std::string batch;
    std::size_t count = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      batch.append(line).append("\n");
      if (++count < kBatchLines && batch.size() < kBatchBytes) continue;
      MS_TRY_STATUS(send(table, path, batch, number - count));
      batch.clear();
      count = 0;
    }
    if (count > 0) MS_TRY_STATUS(send(table, path, batch, number - count));
    return {};
  }

  /// `before`: lines of the file that came before the batch.
  Status send(const std::string& table,
              const std::string& path,
              const std::string& batch,
              std::size_t before) {
    HttpCall made = remote_.call_to(
        "POST", fmt::format("/__admin/import?table={}{}", table, existing_parameter()));
    made.headers.emplace_back("Content-Type", "application/x-ndjson");
    made.body = batch;
    const auto reply = call(made);
    if (!reply) return explain(remote_, reply.error());
    const auto body = parse_json(reply->body);
    if (reply->status != 200 || !body || !body->is_object()) {
      return place(error_of(*reply), path, body ? &*body : nullptr, before);
    }
    const Value* const result = body->as_object().find("result");
    const Value* const imported =
        result != nullptr && result->is_object() ? result->as_object().find("imported") : nullptr;
    if (imported != nullptr && imported->is_integer()) documents_ += imported->as_integer();
    return {};
  }

  /// The error with the file and the line that it is about.
  static Error place(Error error, const std::string& path, const Value* body, std::size_t before) {
    const Value* const line =
        body != nullptr && body->is_object() ? body->as_object().find("line") : nullptr;
    if (line == nullptr || !line->is_integer()) return std::move(error).with_context(path);
    return std::move(error).with_context(
        fmt::format("{}:{}", path, before + static_cast<std::size_t>(line->as_integer())));
  }

  [[nodiscard]] std::string_view existing_parameter() const {
    switch (options_.existing) {
      case TransferOptions::Existing::Refuse:
        return "";
      case TransferOptions::Existing::Replace:
        return "&existing=replace";
      case TransferOptions::Existing::Skip:
        return "&existing=skip";
    }
    return "";
  }

  Status import_files() {
    const std::string path = files_list(options_.folder);
    if (!is_file(path)) return {};
    std::ifstream lines(path, std::ios::binary);
    std::size_t number = 0;
    for (std::string line; std::getline(lines, line);) {
      ++number;
      if (line.empty()) continue;
      if (Status stored = import_file(line); !stored) {
        return Error(stored.error()).with_context(fmt::format("{}:{}", path, number));
      }
    }
    return {};
  }

  Status import_file(const std::string& line) {
    MS_TRY(const Value value, parse_json(line));
    if (!value.is_object()) return Error(ErrorCode::InvalidArgument, "a file is an object");
    const std::string id = text_of(value.as_object(), "storageId");
    MS_TRY(const std::string content, content_file(options_.folder, id));
    if (!is_file(content)) {
      return Error(ErrorCode::NotFound, fmt::format("{} is missing", content));
    }
    HttpCall made = remote_.call_to("PUT", "/__admin/file?id=" + id);
    made.headers.emplace_back("Content-Type", text_of(value.as_object(), "contentType"));
    made.body_file = content;
    made.time_max = std::chrono::seconds(3600);
    const auto reply = call(made);
    if (!reply) return explain(remote_, reply.error());
    if (reply->status == 200) {
      ++files_;
      return {};
    }
    Error error = error_of(*reply);
    // Under one id there are always the same bytes.
    const bool may_stay = options_.existing != TransferOptions::Existing::Refuse;
    if (error.reason() == "already_there" && may_stay) return {};
    return error;
  }

  const TransferOptions& options_;
  const Remote& remote_;
  Terminal& terminal_;
  std::int64_t documents_ = 0;
  std::int64_t files_ = 0;
  bool has_begun_ = false;
};

/// `has_begun`: whether a failure may have left something imported.
Status import_into(const TransferOptions& options,
                   const Remote& remote,
                   Terminal& terminal,
                   bool& has_begun) {
  Import transfer(options, remote, terminal);
  Status done = transfer.run();
  has_begun = transfer.has_begun();
  if (done) transfer.report();
  return done;
}

Status import_data(const TransferOptions& options, Terminal& terminal, bool& has_begun) {
  if (!options.remote.url.empty()) {
    return import_into(options, options.remote, terminal, has_begun);
  }
  MS_TRY(const auto server,
         LocalServer::start(options.data, LocalServer::Code::Deployed, terminal));
  return import_into(options, server->remote(), terminal, has_begun);
}

}  // namespace

ExitCode run_import(const TransferOptions& options, Terminal& terminal) {
  bool has_begun = false;
  const Status done = import_data(options, terminal, has_begun);
  if (done) return ExitCode::Success;
  print_failure(terminal, options.format, done.error());
  const bool can_go_on = has_begun && done.error().code() != ErrorCode::Unavailable;
  if (options.format == Format::People && can_go_on) {
    terminal.error_line(
        "  What stands before that place is imported. To go on after mending it, add --skip.");
  }
  return exit_code_of(done.error());
}

}  // namespace moonstone::cli
