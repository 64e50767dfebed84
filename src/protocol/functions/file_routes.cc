// Moonstone. Licence: see LICENSE.
#include "protocol/functions/file_routes.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "base/json.h"
#include "files/file_service.h"
#include "protocol/byte_range.h"

namespace moonstone::protocol::functions {
namespace {

constexpr std::string_view kUploadPath = "/storage/upload";
constexpr std::string_view kFilePath = "/storage/";
constexpr std::string_view kTenantPrefix = "/t/";

/// A deleted file may still be shown for that long by a browser that has fetched it.
constexpr std::int64_t kCacheSecondsMax = 3600;

using files::FileRecord;

/// Any page may upload and show files: the token or the id is the permission (21.20).
void add_cors(HttpResponse& response) {
  response.headers.push_back({"Access-Control-Allow-Origin", "*"});
}

HttpResponse bare_response(int status) {
  HttpResponse response;
  response.status = status;
  return response;
}

HttpResponse preflight() {
  HttpResponse response = bare_response(204);
  add_cors(response);
  response.headers.push_back({"Access-Control-Allow-Methods", "GET, HEAD, PUT, POST, OPTIONS"});
  response.headers.push_back({"Access-Control-Allow-Headers",
                              "Content-Type, Authorization, Range, If-Range, If-None-Match"});
  response.headers.push_back({"Access-Control-Max-Age", "86400"});
  return response;
}

HttpResponse file_error(int status, std::string_view message) {
  std::string body = R"({"error":)";
  write_json_string(message, body);
  HttpResponse response = json_response(status, std::move(body) + "}");
  add_cors(response);
  return response;
}

HttpResponse not_found() {
  HttpResponse response = text_response(404, "Not found");
  add_cors(response);
  return response;
}

/// The one table from errors of files to answers. What the disk or the bucket said is for the log.
HttpResponse file_error_of(const Error& error, Tenant& tenant) {
  switch (error.code()) {
    case ErrorCode::PermissionDenied:
      return file_error(403, error.message());
    case ErrorCode::InvalidArgument:
      return file_error(400, error.message());
    case ErrorCode::LimitExceeded:
      return file_error(error.reason() == "upload_bytes" ? 413 : 503, error.message());
    case ErrorCode::Cancelled:
      return file_error(409, error.message());
    default:
      break;
  }
  if (error.reason() == "uploads_busy") return file_error(503, error.message());
  tenant.host().options().logger->log(LogLevel::Error, "files", "failed",
                                      {{"tenant", tenant.slug()}, {"error", error.message()}});
  return error.reason() == "disk_full"
             ? file_error(507, "The server has no room for the file")
             : file_error(500, "The server cannot reach its files; its log says why");
}

/// Keeps the tenant open while its bytes are being sent.
class HeldStream final : public ByteStream {
 public:
  HeldStream(TenantPtr tenant, ByteStreamPtr stream)
      : tenant_(std::move(tenant)), stream_(std::move(stream)) {}
  void read(Done done) override { stream_->read(std::move(done)); }

 private:
  TenantPtr tenant_;
  ByteStreamPtr stream_;
};

// --- uploads -------------------------------------------------------------------------------

std::optional<std::uint64_t> announced_bytes(const HttpRequest& request) {
  const std::string_view text = request.header("Content-Length");
  std::uint64_t bytes = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), bytes);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) {
    return std::nullopt;
  }
  return bytes;
}

void upload(Exchange& exchange) {
  const std::optional<std::string> token = files::query_parameter(exchange.request.query, "token");
  if (!token || token->empty()) return exchange.respond(file_error(400, "Missing upload token"));
  const TenantPtr tenant = exchange.tenant;
  ByteStreamPtr bytes = exchange.request.stream != nullptr
                            ? std::move(exchange.request.stream)
                            : stream_of(std::move(exchange.request.body));
  tenant->files().upload(
      *token,
      {.type = std::string(exchange.request.header("Content-Type")),
       .bytes = std::move(bytes),
       .announced_bytes = announced_bytes(exchange.request)},
      [tenant, respond = std::move(exchange.respond)](Result<std::string> stored) mutable {
        if (!stored) return respond(file_error_of(stored.error(), *tenant));
        HttpResponse response = json_response(200, R"({"storageId":")" + *stored + R"("})");
        add_cors(response);
        respond(std::move(response));
      });
}

// --- downloads -----------------------------------------------------------------------------

bool is_safe_to_show(std::string_view content_type) {
  // Browsers take a comma for the end of one header and the begin of another, and the last type
  // counts: "image/png,text/html" is a page.
  if (content_type.contains(',')) return false;
  std::string type(content_type.substr(0, content_type.find_first_of("; ")));
  std::ranges::transform(type, type.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
  });
  constexpr auto kSafe = std::to_array<std::string_view>(
      {"text/plain", "application/pdf", "application/json", "application/octet-stream"});
  if (std::ranges::find(kSafe, type) != kSafe.end()) return true;
  // Any kind of XML may be a document with scripts, an SVG image for one.
  if (type.ends_with("+xml") || type.starts_with("image/svg")) return false;
  return type.starts_with("image/") || type.starts_with("audio/") || type.starts_with("video/") ||
         type.starts_with("font/");
}

/// Whether a list of entity tags names this one. Source: RFC 9110, 13.1.2.
bool names_tag(std::string_view list, std::string_view tag) {
  while (!list.empty()) {
    std::string_view one = list.substr(0, list.find(','));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    const std::size_t first = one.find_first_not_of(" \t");
    if (first == std::string_view::npos) continue;
    one = one.substr(first, one.find_last_not_of(" \t") - first + 1);
    if (one.starts_with("W/")) one.remove_prefix(2);
    if (one == tag || one == "*") return true;
  }
  return false;
}

/// One download, from the look-up to the head of the answer.
struct Download {
  TenantPtr tenant;
  HttpRequest request;
  Respond respond;
  std::optional<std::int64_t> seconds_left;  // of a signed link
  FileRecord record = {};
  std::string tag = {};
};

void add_file_headers(const Download& download, HttpResponse& response) {
  add_cors(response);
  const std::int64_t cached =
      std::min(kCacheSecondsMax, download.seconds_left.value_or(kCacheSecondsMax));
  auto& headers = response.headers;
  headers.push_back({"Access-Control-Expose-Headers",
                     "ETag, Content-Length, Content-Range, Content-Disposition, Accept-Ranges"});
  headers.push_back({"Cross-Origin-Resource-Policy", "cross-origin"});
  headers.push_back({"ETag", download.tag});
  headers.push_back({"Accept-Ranges", "bytes"});
  headers.push_back({"Cache-Control", "private, max-age=" + std::to_string(cached)});
}

void add_content_headers(const Download& download, HttpResponse& response) {
  const std::string& type = download.record.content_type;
  auto& headers = response.headers;
  headers.push_back({"Content-Type", type});
  headers.push_back({"X-Content-Type-Options", "nosniff"});
  const bool shows_all = download.tenant->files().inline_types() == files::InlineTypes::All;
  if (shows_all || is_safe_to_show(type)) return;
  headers.push_back({"Content-Disposition", "attachment"});
  headers.push_back({"Content-Security-Policy", "default-src 'none'; sandbox"});
}

void send_bytes(Download download) {
  const HttpRequest& request = download.request;
  const std::uint64_t size = download.record.size;
  HttpResponse response;
  add_file_headers(download, response);
  RangeChoice choice{.kind = RangeChoice::Kind::Whole, .range = {.first = 0, .count = size}};
  if (request.method == "GET" && allows_range(request.header("If-Range"), download.tag)) {
    choice = choose_range(request.header("Range"), size);
  }
  if (choice.kind == RangeChoice::Kind::Unsatisfiable) {
    response.status = 416;
    response.headers.push_back({"Content-Range", unsatisfied_range_of(size)});
    return download.respond(std::move(response));
  }
  add_content_headers(download, response);
  if (choice.kind == RangeChoice::Kind::Part) {
    response.status = 206;
    response.headers.push_back({"Content-Range", content_range_of(choice.range, size)});
  } else {
    choice.range = {.first = 0, .count = size};
  }
  response.stream_bytes = choice.range.count;
  if (request.method == "HEAD") {
    response.stream = stream_of({});  // nothing is read of it; only its length is told
    return download.respond(std::move(response));
  }
  const TenantPtr tenant = download.tenant;
  const FileRecord record = download.record;
  tenant->files().open(
      record, {.from = choice.range.first, .count = choice.range.count},
      [tenant, response = std::move(response),
       respond = std::move(download.respond)](Result<ByteStreamPtr> bytes) mutable {
        if (!bytes && bytes.error().code() == ErrorCode::NotFound) return respond(not_found());
        if (!bytes) return respond(file_error_of(bytes.error(), *tenant));
        response.stream = std::make_shared<HeldStream>(tenant, *std::move(bytes));
        respond(std::move(response));
      });
}

void send_file(Download download, Result<std::optional<FileRecord>> found) {
  if (!found) return download.respond(file_error_of(found.error(), *download.tenant));
  if (!*found) return download.respond(not_found());
  download.record = **std::move(found);
  download.tag = "\"" + download.record.sha256 + "\"";
  if (names_tag(download.request.header("If-None-Match"), download.tag)) {
    HttpResponse response = bare_response(304);
    add_file_headers(download, response);
    return download.respond(std::move(response));
  }
  send_bytes(std::move(download));
}

void download_file(Exchange& exchange, std::string storage_id) {
  const TenantPtr tenant = exchange.tenant;
  auto left = tenant->files().check_link(storage_id, exchange.request.query);
  if (!left) return exchange.respond(file_error_of(left.error(), *tenant));
  Download download{.tenant = tenant,
                    .request = std::move(exchange.request),
                    .respond = std::move(exchange.respond),
                    .seconds_left = *left};
  tenant->files().find(std::move(storage_id), [download = std::move(download)](
                                                  Result<std::optional<FileRecord>> found) mutable {
    send_file(std::move(download), std::move(found));
  });
}

/// The storage id in a path; empty if it is no path of a file.
std::string_view storage_id_of(std::string_view path) {
  if (!path.starts_with(kFilePath)) return {};
  path.remove_prefix(kFilePath.size());
  if (!path.starts_with(files::kStorageIdPrefix)) return {};
  const std::string_view name = path.substr(files::kStorageIdPrefix.size());
  const bool is_name = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == '-';
  });
  return is_name ? path : std::string_view();
}

}  // namespace

bool carries_file(const HttpRequest& head) {
  if (head.method != "PUT" && head.method != "POST") return false;
  std::string_view path = head.path;
  if (path.starts_with(kTenantPrefix)) {
    const std::size_t end = path.find('/', kTenantPrefix.size());
    path.remove_prefix(std::min(path.size(), end));
  }
  return path == kUploadPath;
}

bool route_files(Exchange& exchange) {
  const HttpRequest& request = exchange.request;
  const bool is_upload = request.path == kUploadPath;
  const std::string_view storage_id = storage_id_of(request.path);
  if (!is_upload && storage_id.empty()) return false;
  if (request.method == "OPTIONS") {
    exchange.respond(preflight());
  } else if (is_upload && (request.method == "PUT" || request.method == "POST")) {
    upload(exchange);
  } else if (!is_upload && (request.method == "GET" || request.method == "HEAD")) {
    download_file(exchange, std::string(storage_id));
  } else {
    exchange.respond(not_found());
  }
  return true;
}

}  // namespace moonstone::protocol::functions
