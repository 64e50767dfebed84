// Moonstone. Licence: see LICENSE.
// Files from a folder: types, tags, page loads, and no way out of the folder.
#include "server/static_files.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace moonstone::server {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

std::string header_of(const protocol::HttpResponse& response, std::string_view name) {
  protocol::HttpRequest lookup;
  lookup.headers = response.headers;
  return std::string(lookup.header(name));
}

class StaticFilesTest : public ::testing::Test {
 protected:
  StaticFilesTest() {
    std::string pattern = (fs::temp_directory_path() / "moonstone-static-XXXXXX").string();
    folder_ = ::mkdtemp(pattern.data());
    fs::create_directories(root() / "assets");
    fs::create_directories(root() / "docs");
    write(folder_ / "secret.txt", "secret");
    write(root() / "index.html", "<!DOCTYPE html>");
    write(root() / "docs/index.html", "docs");
    write(root() / "assets/index-BfX3a9Qd.js", "js");
    write(root() / "assets/photo-portrait.png", "png");
    write(root() / ".env", "KEY=1");
    write(root() / "UPPER.CSS", "css");
    auto opened = StaticFiles::open(root().string());
    EXPECT_TRUE(opened);
    files_ = std::move(*opened);
  }
  ~StaticFilesTest() override { fs::remove_all(folder_); }

  [[nodiscard]] fs::path root() const { return folder_ / "dist"; }
  static void write(const fs::path& path, std::string_view text) {
    std::ofstream(path, std::ios::binary) << text;
  }
  std::optional<protocol::HttpResponse> find(std::string path,
                                             std::vector<protocol::Header> headers = {}) {
    protocol::HttpRequest request;
    request.path = std::move(path);
    request.headers = std::move(headers);
    return files_->find(request);
  }
  std::string body(std::string path) {
    const auto found = find(std::move(path));
    return found.has_value() ? found->body : "(absent)";
  }

  fs::path folder_;
  std::unique_ptr<StaticFiles> files_;
};

TEST_F(StaticFilesTest, FindsFilesAndIndexes) {
  EXPECT_EQ(body("/"), "<!DOCTYPE html>");
  EXPECT_EQ(body("/index.html"), "<!DOCTYPE html>");
  EXPECT_EQ(body("/docs"), "docs");
  EXPECT_EQ(body("/docs/"), "docs");
  EXPECT_EQ(body("/assets/index-BfX3a9Qd.js"), "js");
  EXPECT_EQ(body("/missing.js"), "(absent)");
  EXPECT_EQ(body("/assets/"), "(absent)");
}

TEST_F(StaticFilesTest, NamesTypesAndCaching) {
  EXPECT_EQ(header_of(*find("/"), "content-type"), "text/html; charset=utf-8");
  EXPECT_EQ(header_of(*find("/"), "Cache-Control"), "no-cache");
  EXPECT_EQ(header_of(*find("/UPPER.CSS"), "Content-Type"), "text/css; charset=utf-8");
  EXPECT_THAT(header_of(*find("/assets/index-BfX3a9Qd.js"), "Cache-Control"),
              HasSubstr("immutable"));
  EXPECT_EQ(header_of(*find("/assets/photo-portrait.png"), "Cache-Control"), "no-cache");
  EXPECT_EQ(content_type_of("a.unknown"), "application/octet-stream");
  EXPECT_EQ(content_type_of("noextension"), "application/octet-stream");
}

TEST_F(StaticFilesTest, UnchangedFilesAreNotSentAgain) {
  const std::string tag = header_of(*find("/"), "ETag");
  EXPECT_EQ(tag.size(), 18U);
  for (const std::string& sent : {tag, "W/" + tag, "\"other\", " + tag, std::string("*")}) {
    const auto again = find("/", {{"if-none-match", sent}});
    EXPECT_EQ(again->status, 304) << sent;
    EXPECT_EQ(again->body, "");
  }
  EXPECT_EQ(find("/", {{"If-None-Match", "\"other\""}})->status, 200);
}

TEST_F(StaticFilesTest, ChangedFilesAreNoticed) {
  const std::string tag = header_of(*find("/"), "ETag");
  write(root() / "index.html", "<!DOCTYPE html>changed");
  EXPECT_EQ(body("/"), "<!DOCTYPE html>changed");
  EXPECT_NE(header_of(*find("/"), "ETag"), tag);
  fs::remove(root() / "index.html");
  EXPECT_EQ(body("/"), "(absent)");
}

TEST_F(StaticFilesTest, PageLoadsOfUnknownPathsGetTheApp) {
  EXPECT_EQ(find("/users/7", {{"Accept", "text/html,*/*"}})->body, "<!DOCTYPE html>");
  EXPECT_FALSE(find("/users/7", {{"Accept", "application/json"}}).has_value());
  EXPECT_FALSE(find("/users/7.js", {{"Accept", "text/html"}}).has_value());
}

TEST_F(StaticFilesTest, PartsOfFiles) {
  write(root() / "clip.mp4", "0123456789");
  const auto part = find("/clip.mp4", {{"Range", "bytes=2-4"}});
  EXPECT_EQ(part->status, 206);
  EXPECT_EQ(part->body, "234");
  EXPECT_EQ(header_of(*part, "Content-Range"), "bytes 2-4/10");
  EXPECT_EQ(header_of(*part, "Content-Type"), "video/mp4");
  const auto beyond = find("/clip.mp4", {{"Range", "bytes=10-"}});
  EXPECT_EQ(beyond->status, 416);
  EXPECT_EQ(header_of(*beyond, "Content-Range"), "bytes */10");
  const std::string tag = header_of(*part, "ETag");
  EXPECT_EQ(find("/clip.mp4", {{"Range", "bytes=0-1"}, {"If-Range", tag}})->status, 206);
  EXPECT_EQ(find("/clip.mp4", {{"Range", "bytes=0-1"}, {"If-Range", "\"old\""}})->status, 200);
  EXPECT_EQ(find("/clip.mp4", {{"Range", "bytes=0-0,3-3"}})->body, "0123456789");
}

TEST_F(StaticFilesTest, LargeFilesAreStreamed) {
  const std::size_t size = kStaticKeptFileBytesMax + 100'000;
  write(root() / "large.bin", std::string(size, 'a') + "tail");
  const auto read_all = [](const protocol::HttpResponse& response) {
    std::string all;
    protocol::read_whole_body(response.stream, 2 * kStaticKeptFileBytesMax,
                              [&all](Result<std::string> body) { all = std::move(*body); });
    return all;
  };
  const auto whole = find("/large.bin");
  EXPECT_EQ(whole->status, 200);
  EXPECT_EQ(whole->stream_bytes, size + 4);
  EXPECT_EQ(read_all(*whole), std::string(size, 'a') + "tail");
  const auto end = find("/large.bin", {{"Range", "bytes=-6"}});
  EXPECT_EQ(end->status, 206);
  EXPECT_EQ(end->stream_bytes, 6U);
  EXPECT_EQ(read_all(*end), "aatail");
  const auto cut = find("/large.bin");
  fs::resize_file(root() / "large.bin", 10);
  std::optional<Error> failure;
  protocol::read_whole_body(cut->stream, 2 * kStaticKeptFileBytesMax,
                            [&failure](Result<std::string> body) {
                              if (!body) failure = body.error();
                            });
  EXPECT_TRUE(failure.has_value()) << "a file that shrinks while it is sent";
}

TEST_F(StaticFilesTest, NothingOutsideTheFolder) {
  fs::create_symlink(folder_ / "secret.txt", root() / "link.txt");
  fs::create_directory_symlink(folder_, root() / "up");
  fs::create_symlink(root() / "docs/index.html", root() / "inside.html");
  for (const char* path : {"/../secret.txt", "/link.txt", "/up/secret.txt", "/.env",
                           "/docs/../.env", "/assets/../../secret.txt", "secret.txt", ""}) {
    EXPECT_EQ(body(path), "(absent)") << path;
  }
  EXPECT_EQ(body(std::string("/index.html\0.js", 15)), "(absent)");
  EXPECT_EQ(body("/inside.html"), "docs") << "links within the folder are fine";
}

TEST_F(StaticFilesTest, MoreThanTheCacheHolds) {
  for (int i = 0; i < 12; ++i) {
    const std::string name = "part" + std::to_string(i);
    write(root() / name, "");
    fs::resize_file(root() / name, kStaticKeptFileBytesMax);
    EXPECT_EQ(find("/" + name)->body.size(), kStaticKeptFileBytesMax);
  }
  EXPECT_EQ(body("/assets/index-BfX3a9Qd.js"), "js");
}

TEST_F(StaticFilesTest, RootMustBeAFolder) {
  const auto missing = StaticFiles::open((folder_ / "none").string());
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::NotFound);
  EXPECT_FALSE(StaticFiles::open((folder_ / "secret.txt").string()));
}

class KnowsApi final : public protocol::Application {
 public:
  void handle(protocol::HttpRequest request, protocol::Respond respond) override {
    const int status = request.path == "/api" ? 200 : 404;
    respond({.status = status, .headers = {}, .body = "inner " + request.method});
  }
  void accept(protocol::HttpRequest, protocol::SocketSinkPtr, Decide decide) override {
    decide(protocol::HttpResponse{.status = 403, .headers = {}, .body = "inner"});
  }
};

TEST_F(StaticFilesTest, ApplicationAsksTheInnerOneFirst) {
  KnowsApi inner;
  StaticApplication application(inner, *files_);
  const auto ask = [&application](std::string method, std::string path) {
    protocol::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    protocol::HttpResponse answer;
    application.handle(std::move(request), [&answer](protocol::HttpResponse response) {
      answer = std::move(response);
    });
    return answer;
  };
  EXPECT_EQ(ask("GET", "/api").body, "inner GET");
  EXPECT_EQ(ask("GET", "/docs").body, "docs");
  EXPECT_EQ(ask("HEAD", "/docs").status, 200);
  EXPECT_EQ(ask("POST", "/docs").body, "inner POST");
  EXPECT_EQ(ask("GET", "/nothing").status, 404);
  EXPECT_EQ(ask("GET", "/nothing").body, "inner GET");
  application.accept({}, nullptr, [](protocol::Application::Acceptance acceptance) {
    EXPECT_EQ(std::get<protocol::HttpResponse>(acceptance).status, 403);
  });
}

}  // namespace
}  // namespace moonstone::server
