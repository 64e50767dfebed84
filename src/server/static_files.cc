// Moonstone. Licence: see LICENSE.
#include "server/static_files.h"

#include <algorithm>
#include <array>
#include <climits>
#include <cstdlib>
#include <list>
#include <mutex>
#include <utility>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/encoding.h"
#include "protocol/byte_range.h"
#include "server/descriptor.h"
#include "server/http_text.h"

namespace moonstone::server {
namespace {

struct TypeOfExtension {
  std::string_view extension;
  std::string_view type;
};

constexpr std::array kTypes = {
    TypeOfExtension{"avif", "image/avif"},
    TypeOfExtension{"css", "text/css; charset=utf-8"},
    TypeOfExtension{"csv", "text/csv; charset=utf-8"},
    TypeOfExtension{"gif", "image/gif"},
    TypeOfExtension{"htm", "text/html; charset=utf-8"},
    TypeOfExtension{"html", "text/html; charset=utf-8"},
    TypeOfExtension{"ico", "image/x-icon"},
    TypeOfExtension{"jpeg", "image/jpeg"},
    TypeOfExtension{"jpg", "image/jpeg"},
    TypeOfExtension{"js", "text/javascript; charset=utf-8"},
    TypeOfExtension{"json", "application/json"},
    TypeOfExtension{"map", "application/json"},
    TypeOfExtension{"mjs", "text/javascript; charset=utf-8"},
    TypeOfExtension{"mp3", "audio/mpeg"},
    TypeOfExtension{"mp4", "video/mp4"},
    TypeOfExtension{"pdf", "application/pdf"},
    TypeOfExtension{"png", "image/png"},
    TypeOfExtension{"svg", "image/svg+xml"},
    TypeOfExtension{"ttf", "font/ttf"},
    TypeOfExtension{"txt", "text/plain; charset=utf-8"},
    TypeOfExtension{"wasm", "application/wasm"},
    TypeOfExtension{"webm", "video/webm"},
    TypeOfExtension{"webmanifest", "application/manifest+json"},
    TypeOfExtension{"webp", "image/webp"},
    TypeOfExtension{"woff", "font/woff"},
    TypeOfExtension{"woff2", "font/woff2"},
    TypeOfExtension{"xml", "application/xml"},
};

/// The hash that Vite and esbuild put at the end of a file's stem.
constexpr std::size_t kHashLength = 8;

std::string_view last_segment(std::string_view path) {
  return path.substr(path.rfind('/') + 1);
}

std::string_view extension_of(std::string_view name) {
  const std::size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? std::string_view() : name.substr(dot + 1);
}

/// Hidden files (`.git`, `.env`) are not for the public; `.well-known` is meant to be.
bool is_hidden(std::string_view path) {
  for (std::size_t at = path.find("/."); at != std::string_view::npos;
       at = path.find("/.", at + 1)) {
    if (!path.substr(at).starts_with("/.well-known")) return true;
  }
  return false;
}

/// `/assets/index-BfX3a9Qd.js`: the name changes with the content, so a copy is good for ever. A
/// hash is told from a word (`photo-portrait.jpg`) by a digit or capital in it; a miss only costs a
/// question to the server.
bool is_hashed_asset(std::string_view path) {
  if (!path.starts_with("/assets/")) return false;
  std::string_view stem = last_segment(path);
  stem = stem.substr(0, stem.find('.'));
  if (stem.size() <= kHashLength || stem[stem.size() - kHashLength - 1] != '-') return false;
  return stem.find_first_of("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ", stem.size() - kHashLength) !=
         std::string_view::npos;
}

/// A part of a file, read as it is sent.
class FileBody final : public protocol::BodyReader {
 public:
  FileBody(Descriptor descriptor, const protocol::ByteRange& range)
      : descriptor_(std::move(descriptor)), left_(range) {}

  void read(Done done) override {
    std::string piece(std::min<std::uint64_t>(left_.count, kPieceBytes), '\0');
    if (piece.empty()) return done(std::move(piece));
    const ssize_t got =
        ::pread(descriptor_.get(), piece.data(), piece.size(), static_cast<off_t>(left_.first));
    if (got <= 0) {
      return done(Error(ErrorCode::Unavailable, "the file changed while it was sent", "file"));
    }
    piece.resize(static_cast<std::size_t>(got));
    left_.first += piece.size();
    left_.count -= piece.size();
    done(std::move(piece));
  }

 private:
  static constexpr std::uint64_t kPieceBytes = 64 * 1024;
  Descriptor descriptor_;
  protocol::ByteRange left_;
};

/// If-None-Match: a list of tags, weak ones included, or `*`.
bool matches_tag(std::string_view header, std::string_view tag) {
  return header == "*" || (!header.empty() && header.contains(tag));
}

}  // namespace

std::string_view content_type_of(std::string_view name) {
  const std::string_view extension = extension_of(name);
  const auto found = std::ranges::find_if(kTypes, [extension](const TypeOfExtension& type) {
    return protocol::same_header_name(type.extension, extension);
  });
  return found == kTypes.end() ? std::string_view("application/octet-stream") : found->type;
}

class StaticFiles::Impl {
 public:
  explicit Impl(std::string root) : root_(std::move(root)) {}

  struct File {
    std::string name;  // resolved, in the file system
    std::string tag;
    std::size_t bytes = 0;
  };

  /// The regular file of a path below the root; nothing if it is absent, hidden or outside.
  [[nodiscard]] std::optional<File> look_up(const std::string& path) const;
  /// Its bytes; nothing if it changed or vanished meanwhile.
  [[nodiscard]] std::shared_ptr<const std::string> contents(const File& file);
  /// Puts a part of a file, or all of it, into the response. False as above.
  [[nodiscard]] bool fill(const File& file,
                          const protocol::ByteRange& range,
                          protocol::HttpResponse& response);

 private:
  struct Kept {
    std::string name;
    std::string tag;
    std::shared_ptr<const std::string> bytes;  // also held by whoever copies it into a response
  };
  void keep(const File& file, std::shared_ptr<const std::string> bytes);

  const std::string root_;
  std::mutex mutex_;
  std::list<Kept> kept_;  // the most recently used first
  std::size_t kept_bytes_ = 0;
};

std::optional<StaticFiles::Impl::File> StaticFiles::Impl::look_up(const std::string& path) const {
  if (!path.starts_with('/') || is_hidden(path) || path.contains('\0')) return std::nullopt;
  char resolved[PATH_MAX];
  if (::realpath((root_ + path).c_str(), resolved) == nullptr) return std::nullopt;
  File file;
  file.name = resolved;
  struct stat status{};
  if (::stat(resolved, &status) != 0) return std::nullopt;
  if (S_ISDIR(status.st_mode)) {
    if (::realpath((root_ + path + "/index.html").c_str(), resolved) == nullptr) {
      return std::nullopt;
    }
    file.name = resolved;
    if (::stat(resolved, &status) != 0) return std::nullopt;
  }
  const bool is_inside = root_ == "/" || file.name.starts_with(root_ + "/");
  if (!is_inside || !S_ISREG(status.st_mode)) return std::nullopt;
  file.bytes = static_cast<std::size_t>(status.st_size);
  file.tag = fmt::format("\"{:016x}\"",
                         stable_hash(fmt::format("{}:{}:{}:{}", file.name, status.st_size,
                                                 status.st_mtim.tv_sec, status.st_mtim.tv_nsec)));
  return file;
}

std::shared_ptr<const std::string> StaticFiles::Impl::contents(const File& file) {
  {
    const std::scoped_lock lock(mutex_);
    const auto found = std::ranges::find(kept_, file.name, &Kept::name);
    if (found != kept_.end() && found->tag == file.tag) {
      kept_.splice(kept_.begin(), kept_, found);
      return found->bytes;
    }
  }
  const Descriptor descriptor(::open(file.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!descriptor.is_open()) return nullptr;
  std::string bytes(file.bytes, '\0');
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = ::read(descriptor.get(), bytes.data() + filled, bytes.size() - filled);
    if (got <= 0) return nullptr;
    filled += static_cast<std::size_t>(got);
  }
  auto shared = std::make_shared<const std::string>(std::move(bytes));
  keep(file, shared);
  return shared;
}

bool StaticFiles::Impl::fill(const File& file,
                             const protocol::ByteRange& range,
                             protocol::HttpResponse& response) {
  if (file.bytes <= kStaticKeptFileBytesMax) {
    const auto bytes = contents(file);
    if (bytes == nullptr) return false;
    response.body = bytes->substr(range.first, range.count);
    return true;
  }
  Descriptor descriptor(::open(file.name.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!descriptor.is_open()) return false;
  response.stream = std::make_shared<FileBody>(std::move(descriptor), range);
  response.stream_bytes = range.count;
  return true;
}

void StaticFiles::Impl::keep(const File& file, std::shared_ptr<const std::string> bytes) {
  const std::scoped_lock lock(mutex_);
  const auto old = std::ranges::find(kept_, file.name, &Kept::name);
  if (old != kept_.end()) {
    kept_bytes_ -= old->bytes->size();
    kept_.erase(old);
  }
  kept_bytes_ += bytes->size();
  kept_.push_front({.name = file.name, .tag = file.tag, .bytes = std::move(bytes)});
  while (kept_bytes_ > kStaticCacheBytesMax) {
    kept_bytes_ -= kept_.back().bytes->size();
    kept_.pop_back();
  }
}

StaticFiles::StaticFiles(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
StaticFiles::~StaticFiles() = default;

Result<std::unique_ptr<StaticFiles>> StaticFiles::open(const std::string& root) {
  char resolved[PATH_MAX];
  struct stat status{};
  if (::realpath(root.c_str(), resolved) == nullptr || ::stat(resolved, &status) != 0 ||
      !S_ISDIR(status.st_mode)) {
    return Error(
        ErrorCode::NotFound,
        fmt::format("{} is not a folder; build the pages first, or name another folder", root),
        "static_root");
  }
  return std::unique_ptr<StaticFiles>(new StaticFiles(std::make_unique<Impl>(resolved)));
}

std::optional<protocol::HttpResponse> StaticFiles::find(const protocol::HttpRequest& request) {
  auto file = impl_->look_up(request.path);
  if (!file.has_value() && !last_segment(request.path).contains('.') &&
      request.header("Accept").contains("text/html")) {
    file = impl_->look_up("/index.html");
  }
  if (!file.has_value()) return std::nullopt;
  protocol::HttpResponse response;
  response.headers = {
      {"ETag", file->tag},
      {"Cache-Control",
       is_hashed_asset(request.path) ? "public, max-age=31536000, immutable" : "no-cache"}};
  if (matches_tag(request.header("If-None-Match"), file->tag)) {
    response.status = 304;
    return response;
  }
  response.headers.push_back({"Accept-Ranges", "bytes"});
  protocol::RangeChoice choice;
  if (protocol::allows_range(request.header("If-Range"), file->tag)) {
    choice = protocol::choose_range(request.header("Range"), file->bytes);
  }
  if (choice.kind == protocol::RangeChoice::Kind::Unsatisfiable) {
    response.status = 416;
    response.headers.push_back({"Content-Range", protocol::unsatisfied_range_of(file->bytes)});
    return response;
  }
  protocol::ByteRange range{.first = 0, .count = file->bytes};
  if (choice.kind == protocol::RangeChoice::Kind::Part) {
    range = choice.range;
    response.status = 206;
    response.headers.push_back({"Content-Range", protocol::content_range_of(range, file->bytes)});
  }
  if (!impl_->fill(*file, range, response)) return std::nullopt;
  response.headers.push_back({"Content-Type", std::string(content_type_of(file->name))});
  response.headers.push_back({"X-Content-Type-Options", "nosniff"});
  return response;
}

void StaticApplication::handle(protocol::HttpRequest request, protocol::Respond respond) {
  if (request.method != "GET" && request.method != "HEAD") {
    return inner_.handle(std::move(request), std::move(respond));
  }
  // What find() needs; the inner application takes the rest away.
  protocol::HttpRequest wanted;
  wanted.path = request.path;
  for (const std::string_view name : {"Accept", "If-None-Match", "If-Range", "Range"}) {
    wanted.headers.push_back({std::string(name), std::string(request.header(name))});
  }
  inner_.handle(std::move(request),
                [&files = files_, wanted = std::move(wanted),
                 respond = std::move(respond)](protocol::HttpResponse response) mutable {
                  if (response.status == 404) {
                    if (auto found = files.find(wanted)) response = std::move(*found);
                  }
                  respond(std::move(response));
                });
}

void StaticApplication::accept(protocol::HttpRequest request,
                               protocol::SocketSinkPtr sink,
                               Decide decide) {
  inner_.accept(std::move(request), std::move(sink), std::move(decide));
}

}  // namespace moonstone::server
