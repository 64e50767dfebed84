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

/// Lines of one table, as one request takes them.
struct Batch {
  std::string table;
  std::string path;
  std::vector<std::size_t> numbers;  // of its lines in the file
  std::string text;

  void add(std::size_t number, std::string_view line) {
    numbers.push_back(number);
    text.append(line).append("\n");
  }
  [[nodiscard]] bool is_full() const {
    return numbers.size() >= kBatchLines || text.size() >= kBatchBytes;
  }
};

/// Lines that refer to rows which were not there yet.
struct Waiting {
  std::string table;
  std::string path;
  std::size_t number = 0;
  std::string line;
};

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
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
    MS_TRY_STATUS(import_waiting());
    MS_TRY_STATUS(import_files());
    warn_of_gaps();
    warn_of_order();
    return {};
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
    if (format != nullptr && *format == Value(kExportFormat)) {
      manifest_ = manifest->as_object();
      return {};
    }
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
    if (failed) {
      return Error(ErrorCode::Unavailable,
                   fmt::format("cannot read {}/tables: {}", options_.folder, failed.message()));
    }
    // The order of the export: what others refer to comes first.
    std::ranges::sort(tables, {}, [this](const std::string& table) {
      return std::pair(place_in_export(table), table);
    });
    return tables;
  }

  [[nodiscard]] std::size_t place_in_export(const std::string& table) const {
    const Value* const order = manifest_.find("tables");
    if (order == nullptr || !order->is_array()) return 0;
    const auto place = std::ranges::find(order->as_array(), Value(table));
    return static_cast<std::size_t>(place - order->as_array().begin());
  }

  Status import_table(const std::string& table) {
    MS_TRY(const std::string path, table_file(options_.folder, table));
    std::ifstream lines(path, std::ios::binary);
    if (!lines || is_folder(path)) return unreadable(path);
    std::size_t number = 0;  // of the last line that was read
    Batch batch{.table = table, .path = path, .numbers = {}, .text = {}};
    for (std::string line; std::getline(lines, line);) {
      if (++number == 1 && line.starts_with(kByteOrderMark)) line.erase(0, kByteOrderMark.size());
      if (is_blank(line)) continue;
      ++lines_read_;
      batch.add(number, line);
      if (batch.is_full()) MS_TRY_STATUS(send(batch));
    }
    if (lines.bad()) return unreadable(path);
    return send(batch);
  }

  static Error unreadable(const std::string& path) {
    return {ErrorCode::Unavailable, fmt::format("cannot read {}", path)};
  }

  /// What refers to rows of other batches, for as long as there is progress.
  Status import_waiting() {
    while (!waiting_.empty()) {
      const std::size_t before = waiting_.size();
      MS_TRY_STATUS(send_waiting());
      if (waiting_.size() < before) continue;
      // Those that refer to each other in a circle are taken together, or refused.
      can_wait_ = false;
      return send_waiting();
    }
    return {};
  }

  Status send_waiting() {
    const std::vector<Waiting> lines = std::exchange(waiting_, {});
    Batch batch;
    for (const Waiting& one : lines) {
      if (batch.is_full() || one.path != batch.path) {
        MS_TRY_STATUS(send(batch));
        batch = {.table = one.table, .path = one.path, .numbers = {}, .text = {}};
      }
      batch.add(one.number, one.line);
    }
    return send(batch);
  }

  /// Sends the batch and empties it.
  Status send(Batch& batch) {
    if (batch.numbers.empty()) return {};
    HttpCall made =
        remote_.call_to("POST", fmt::format("/__admin/import?table={}{}{}", batch.table,
                                            can_wait_ ? "&later=1" : "", existing_parameter()));
    made.headers.emplace_back("Content-Type", "application/x-ndjson");
    made.body = batch.text;
    const auto reply = call(made);
    if (!reply) return explain(remote_, reply.error());
    const auto body = parse_json(reply->body);
    if (reply->status != 200 || !body || !body->is_object()) {
      return place(error_of(*reply), batch, body ? &*body : nullptr);
    }
    const Value* const result = body->as_object().find("result");
    if (result != nullptr && result->is_object()) take_result(result->as_object(), batch);
    batch.numbers.clear();
    batch.text.clear();
    return {};
  }

  void take_result(const Object& result, const Batch& batch) {
    const auto add = [&result](std::string_view name, std::int64_t& to) {
      const Value* const count = result.find(name);
      if (count != nullptr && count->is_integer()) to += count->as_integer();
    };
    add("imported", documents_);
    add("older", older_);
    const Value* const later = result.find("later");
    if (later == nullptr || !later->is_array() || later->as_array().empty()) return;
    std::vector<std::string_view> lines;
    for (std::string_view rest = batch.text; !rest.empty();) {
      const std::size_t end = rest.find('\n');
      lines.push_back(rest.substr(0, end));
      rest.remove_prefix(end + 1);
    }
    for (const Value& number : later->as_array()) {
      if (!number.is_integer()) continue;
      const auto position = static_cast<std::size_t>(number.as_integer() - 1);
      if (position >= lines.size()) continue;
      waiting_.push_back({.table = batch.table,
                          .path = batch.path,
                          .number = batch.numbers[position],
                          .line = std::string(lines[position])});
    }
  }

  /// The error with the file and the line that it is about.
  static Error place(Error error, const Batch& batch, const Value* body) {
    const Value* const line =
        body != nullptr && body->is_object() ? body->as_object().find("line") : nullptr;
    const bool is_placed = line != nullptr && line->is_integer() && line->as_integer() >= 1 &&
                           static_cast<std::size_t>(line->as_integer()) <= batch.numbers.size();
    if (!is_placed) return std::move(error).with_context(batch.path);
    const auto position = static_cast<std::size_t>(line->as_integer() - 1);
    return std::move(error).with_context(fmt::format("{}:{}", batch.path, batch.numbers[position]));
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
      if (is_blank(line)) continue;
      ++files_read_;
      if (Status stored = import_file(line); !stored) {
        return Error(stored.error()).with_context(fmt::format("{}:{}", path, number));
      }
    }
    if (lines.bad()) return unreadable(path);
    return {};
  }

  /// Whether the folder holds as much as was written into it.
  void warn_of_gaps() {
    const auto warn = [this](std::string_view what, std::int64_t found) {
      const Value* const told = manifest_.find(what);
      if (told == nullptr || !told->is_integer() || told->as_integer() == found) return;
      terminal_.warning(
          fmt::format("{} tells of {} {}, but the folder holds {}: it was changed or "
                      "damaged since it was written",
                      export_manifest(options_.folder), told->as_integer(), what, found));
    };
    warn("documents", lines_read_);
    warn("files", files_read_);
  }

  void warn_of_order() {
    if (older_ == 0) return;
    terminal_.warning(
        fmt::format("{} documents are older than others that their tables had. They "
                    "stand behind these, and paginate() may leave them out; import "
                    "into empty tables",
                    older_));
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
  Object manifest_;  // empty: there is none
  std::vector<Waiting> waiting_;
  bool can_wait_ = true;
  std::int64_t documents_ = 0;  // imported
  std::int64_t files_ = 0;
  std::int64_t older_ = 0;
  std::int64_t lines_read_ = 0;
  std::int64_t files_read_ = 0;
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
