// Moonstone. Licence: see LICENSE.
// moonstone export: documents and files of a server, or of a folder's data, as plain files.

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

std::int64_t number_of(const Object& object, std::string_view name) {
  const Value* const member = object.find(name);
  return member != nullptr && member->is_integer() ? member->as_integer() : -1;
}

class Export {
 public:
  Export(const TransferOptions& options, const Remote& remote, Terminal& terminal)
      : options_(options), remote_(remote), terminal_(terminal) {}

  Status run() {
    MS_TRY_STATUS(prepare_folder());
    HttpCall made = remote_.call_to("GET", "/__admin/export");
    made.time_max = std::chrono::seconds(0);
    made.on_body = [this](std::string_view piece) { return take(piece); };
    const auto reply = call(made);
    if (!reply) return explain(remote_, reply.error());
    if (reply->status != 200) return error_of(*reply);
    MS_TRY_STATUS(close(table_, "the documents"));
    if (!is_complete_) {
      return Error(ErrorCode::Unavailable,
                   "the export was cut off before its end; what is there is not whole");
    }
    MS_TRY_STATUS(fetch_files());
    manifest_.set("tables", tables_);
    manifest_.set("documents", documents_);
    manifest_.set("files", files_);
    return write_file(export_manifest(options_.folder), to_json_indented(manifest_) + "\n");
  }

  void report() {
    if (options_.format == Format::Json) {
      return print_json(
          terminal_,
          Object{{"folder", options_.folder}, {"documents", documents_}, {"files", files_}});
    }
    terminal_.line(fmt::format("  {} {} documents and {} files in {}",
                               terminal_.styled(Style::Green, "✓"), documents_, files_,
                               options_.folder));
  }

 private:
  Status prepare_folder() {
    std::error_code failed;
    if (fs::exists(options_.folder, failed) && !fs::is_empty(options_.folder, failed)) {
      return Error(
          ErrorCode::AlreadyExists,
          fmt::format("{} is not empty; name a folder that is, or a new one", options_.folder));
    }
    fs::create_directories(options_.folder + "/tables", failed);
    if (!failed) return {};
    return Error(ErrorCode::Unavailable,
                 fmt::format("cannot make {}: {}", options_.folder, failed.message()));
  }

  Status take(std::string_view piece) {
    std::size_t seen = buffer_.size();  // a large document comes in many pieces
    buffer_ += piece;
    std::size_t from = 0;
    for (std::size_t end = 0; (end = buffer_.find('\n', seen)) != std::string::npos; seen = from) {
      MS_TRY_STATUS(take_line(std::string_view(buffer_).substr(from, end - from)));
      from = end + 1;
    }
    buffer_.erase(0, from);
    return {};
  }

  Status take_line(std::string_view line) {
    // Documents begin with their id, nothing else does.
    if (line.starts_with(R"({"_id":)")) {
      ++documents_;
      table_ << line << '\n';
      return {};
    }
    MS_TRY(Value value, parse_json(line));
    if (!value.is_object()) return not_an_export();
    Object& object = value.as_object();
    if (object.find("moonstone") != nullptr) {
      manifest_ = std::move(object);
      return {};
    }
    if (const Value* table = object.find("table"); table != nullptr && table->is_text()) {
      return begin_table(table->as_text());
    }
    if (Value* file = object.find("file"); file != nullptr && file->is_object()) {
      return take_file(file->as_object());
    }
    if (const Value* failure = object.find("error"); failure != nullptr && failure->is_text()) {
      return Error(ErrorCode::FailedPrecondition,
                   fmt::format("the server cannot go on: {}", failure->as_text()), "export");
    }
    if (object.find("end") == nullptr) return not_an_export();
    is_complete_ = number_of(object, "documents") == documents_;
    return {};
  }

  static Error not_an_export() {
    return {ErrorCode::FailedPrecondition, "the server sent something else than an export",
            "foreign"};
  }

  Status begin_table(std::string_view name) {
    MS_TRY_STATUS(close(table_, "the documents"));
    MS_TRY(const std::string path, table_file(options_.folder, name));
    tables_.emplace_back(name);
    return open(table_, path);
  }

  Status take_file(const Object& file) {
    const Value* const id = file.find("storageId");
    if (id == nullptr || !id->is_text()) return not_an_export();
    listed_.push_back({.id = id->as_text(), .line = to_json(file)});
    return {};
  }

  Status fetch_files() {
    if (listed_.empty()) return {};
    std::error_code failed;
    fs::create_directories(options_.folder + "/files", failed);
    std::ofstream list;
    MS_TRY_STATUS(open(list, files_list(options_.folder)));
    for (const ListedFile& file : listed_) {
      MS_TRY(const Fetched fetched, fetch(file.id));
      if (fetched == Fetched::Gone) {
        terminal_.warning(fmt::format("{} was deleted during the export; it is left out", file.id));
        continue;
      }
      list << file.line << '\n';
      ++files_;
    }
    return close(list, "the list of files");
  }

  enum class Fetched : unsigned char { Whole, Gone };

  Result<Fetched> fetch(const std::string& id) {
    MS_TRY(const std::string path, content_file(options_.folder, id));
    std::ofstream bytes;
    MS_TRY_STATUS(open(bytes, path));
    HttpCall made = remote_.call_to("GET", "/__admin/file?id=" + id);
    made.time_max = std::chrono::seconds(0);
    made.on_body = [&bytes](std::string_view piece) {
      bytes.write(piece.data(), static_cast<std::streamsize>(piece.size()));
      return ok();
    };
    const auto reply = call(made);
    if (!reply) return Error(reply.error()).with_context(id);
    if (reply->status != 200) {
      Error error = error_of(*reply);
      std::error_code ignored;
      fs::remove(path, ignored);
      if (error.reason() == "not_found") return Fetched::Gone;
      return std::move(error).with_context(id);
    }
    MS_TRY_STATUS(close(bytes, path));
    return Fetched::Whole;
  }

  static Status open(std::ofstream& stream, const std::string& path) {
    stream.open(path, std::ios::binary | std::ios::trunc);
    if (stream) return {};
    return Error(ErrorCode::Unavailable, fmt::format("cannot write {}", path));
  }

  static Status close(std::ofstream& stream, std::string_view what) {
    if (!stream.is_open()) return {};
    stream.close();
    if (stream) return {};
    return Error(ErrorCode::Unavailable, fmt::format("cannot write {}; is the disk full?", what));
  }

  const TransferOptions& options_;
  const Remote& remote_;
  Terminal& terminal_;
  std::string buffer_;
  std::ofstream table_;
  struct ListedFile {
    std::string id;
    std::string line;  // of the list of files
  };
  std::vector<ListedFile> listed_;
  Array tables_;  // in the order in which they can be imported
  Object manifest_;
  std::int64_t documents_ = 0;
  std::int64_t files_ = 0;
  bool is_complete_ = false;
};

Status export_from(const TransferOptions& options, const Remote& remote, Terminal& terminal) {
  Export transfer(options, remote, terminal);
  MS_TRY_STATUS(transfer.run());
  transfer.report();
  return {};
}

Status export_data(const TransferOptions& options, Terminal& terminal) {
  if (!options.remote.url.empty()) return export_from(options, options.remote, terminal);
  MS_TRY(const auto server, LocalServer::start(options.data, LocalServer::Code::None, terminal));
  return export_from(options, server->remote(), terminal);
}

}  // namespace

ExitCode run_export(const TransferOptions& options, Terminal& terminal) {
  const Status done = export_data(options, terminal);
  if (done) return ExitCode::Success;
  print_failure(terminal, options.format, done.error());
  return exit_code_of(done.error());
}

}  // namespace moonstone::cli
