// Moonstone. Licence: see LICENSE.
#pragma once
// The built pages of an app, served from a folder.
//
// Nothing outside the folder is ever read: dot segments, hidden files and symbolic links that lead
// out are as good as absent. Small files are read whole and a few are kept; a changed file is
// noticed by its size and time of change.
// Threads: synchronised. Cost: a stat per request; a read for a file that is not kept.

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "protocol/transport.h"

namespace moonstone::server {

/// Larger files are read piece by piece while they are sent, and never kept.
inline constexpr std::size_t kStaticKeptFileBytesMax = std::size_t{4} * 1024 * 1024;
/// Contents that are kept; the pages of an app are a few MiB.
inline constexpr std::size_t kStaticCacheBytesMax = std::size_t{32} * 1024 * 1024;

class StaticFiles {
 public:
  /// Errors: NotFound if `root` is not a folder.
  [[nodiscard]] static Result<std::unique_ptr<StaticFiles>> open(const std::string& root);
  StaticFiles(const StaticFiles&) = delete;
  StaticFiles& operator=(const StaticFiles&) = delete;
  ~StaticFiles();

  /// The file of a path, as a response: 200 with its bytes, 206 or 416 if the request asks for
  /// a part of them (see byte_range.h), 304 if it has its ETag. A folder means its `index.html`.
  /// Nothing for a file that does not exist, except that a page load (it accepts text/html) of a
  /// path without extension gets the root's `index.html`: the page's own router knows what it
  /// means. The method is not looked at.
  [[nodiscard]] std::optional<protocol::HttpResponse> find(const protocol::HttpRequest& request);

 private:
  class Impl;
  explicit StaticFiles(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// The Content-Type of a file name, by its extension; application/octet-stream if unknown.
[[nodiscard]] std::string_view content_type_of(std::string_view name);

/// An Application that shows files where `inner` knows nothing: a GET or HEAD that inner answers
/// with 404 is looked up in the folder. Everything else passes through.
/// Lifetime: both outlive it. Threads: as the inner application.
class StaticApplication final : public protocol::Application {
 public:
  StaticApplication(protocol::Application& inner, StaticFiles& files)
      : inner_(inner), files_(files) {}

  void handle(protocol::HttpRequest request, protocol::Respond respond) override;
  void accept(protocol::HttpRequest request, protocol::SocketSinkPtr sink, Decide decide) override;
  [[nodiscard]] protocol::BodyMode body_mode(const protocol::HttpRequest& head) override {
    return inner_.body_mode(head);
  }

 private:
  protocol::Application& inner_;
  StaticFiles& files_;
};

}  // namespace moonstone::server
