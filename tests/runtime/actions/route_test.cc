// Moonstone. Licence: see LICENSE.
// HTTP routes in real workers: requests and responses with all that belongs to them.

#include <string>

#include <gmock/gmock.h>

#include "tests/runtime/actions/pool_fixture.h"

namespace moonstone::actions {
namespace {

using protocol::HttpRequest;
using protocol::HttpResponse;
using testing::HasSubstr;

class RouteTest : public PoolTest {
 protected:
  /// A bundle whose one route is `handler`.
  void define(const std::string& handler) {
    program_ = program(
        "export const modules = { http: { default: { _isHttpRouter: true,\n"
        "  routes: [{ method: \"*\", path: \"/x\", handler: { handler: " +
        handler + " } }], prefixRoutes: [] } } };");
  }

  Result<HttpResponse> ask(const RequestParts& parts) {
    HttpRequest request = parts.request();
    RouteCall call{.origin = origin(request.method + " " + request.path),
                   .module = "http",
                   .url = "http://example.test" + request.path + "?" + request.query,
                   .request = std::move(request)};
    Awaited<Result<HttpResponse>> answer;
    pool().run(std::move(call),
               [answer](Result<HttpResponse> result) mutable { answer.set(std::move(result)); });
    return answer.take();
  }
  Result<HttpResponse> get() { return ask({.method = "GET", .path = "/x"}); }

  static Result<std::string> body_of(const Result<HttpResponse>& response) {
    if (!response) return response.error();
    if (response->stream == nullptr) return response->body;
    Awaited<Result<std::string>> whole;
    read_all(response->stream, std::size_t{64} << 20,
             [whole](Result<std::string> bytes) mutable { whole.set(std::move(bytes)); });
    return whole.take();
  }
};

TEST_F(RouteTest, ARequestArrivesAsItWasSent) {
  define(R"(async (ctx, request) => Response.json({ url: request.url, method: request.method,
    cookie: request.headers.get("cookie"), many: request.headers.get("x-many"),
    body: await request.text() }))");
  const auto response =
      ask({.method = "PUT",
           .path = "/x",
           .query = "a=1&b=%20",
           .headers = {{"Cookie", "s=1"}, {"X-Many", "1"}, {"X-Many", "2"}, {"Host", "h"}},
           .body = "some text"});
  EXPECT_EQ(*body_of(response),
            R"({"url":"http://example.test/x?a=1&b=%20","method":"PUT","cookie":"s=1",)"
            R"("many":"1, 2","body":"some text"})");
}

TEST_F(RouteTest, AResponseArrivesAsItWasMade) {
  define(R"(async () => new Response("made", { status: 201, headers: [["Set-Cookie", "a=1"],
    ["Set-Cookie", "b=2"], ["X-Own", "é".length]] }))");
  const auto response = get();
  ASSERT_TRUE(response);
  EXPECT_EQ(response->status, 201);
  EXPECT_EQ(response->body, "made");
  std::string cookies;
  for (const auto& header : response->headers) {
    if (header.name == "set-cookie") cookies += header.value + ";";
  }
  EXPECT_EQ(cookies, "a=1;b=2;");
}

TEST_F(RouteTest, ValuesOfHeadersAreBytes) {
  define(R"(async (ctx, request) => {
    const value = request.headers.get("x-name");
    return new Response(String(value.length), { headers: { "x-back": value } });
  })");
  std::string all;
  for (int byte = 0x21; byte < 0x100; ++byte)
    all += static_cast<char>(byte == 0x7f ? 'x' : byte);
  for (const std::string& value :
       {std::string("caf\xC3\xA9"), std::string("\xE6\xBC\xA2"), std::string("\xC3"), all}) {
    const auto response = ask({.method = "GET", .path = "/x", .headers = {{"X-Name", value}}});
    ASSERT_TRUE(response) << response.error().message();
    EXPECT_EQ(response->body, std::to_string(value.size()));
    std::string back;
    for (const auto& header : response->headers) {
      if (header.name == "x-back") back = header.value;
    }
    EXPECT_EQ(back, value);
  }
}

TEST_F(RouteTest, LargeBodiesStreamBothWays) {
  define(R"(async (ctx, request) => new Response(request.body))");
  const std::string large(3'000'000, 'm');
  const auto response = ask({.method = "POST", .path = "/x", .body = large});
  ASSERT_TRUE(response);
  EXPECT_NE(response->stream, nullptr);
  EXPECT_EQ(*body_of(response), large);
}

TEST_F(RouteTest, ALateBodyDoesNotHoldUpTheHead) {
  define(R"(async (ctx) => new Response(new ReadableStream({
    async pull(c) { c.enqueue(new TextEncoder().encode(JSON.stringify(await ctx.runQuery("a:b"))));
                    c.close(); } }, { highWaterMark: 0 }), { headers: { "content-length": "18" } }))");
  const auto response = get();
  ASSERT_TRUE(response);
  EXPECT_EQ(*body_of(response), R"(["query","a:b",{}])");
}

TEST_F(RouteTest, ABodyThatFailsIsCutOff) {
  define(R"(async () => new Response(new ReadableStream({
    async pull(c) { await new Promise((r) => setTimeout(r, 1)); c.error(new Error("broke")); } })))");
  EXPECT_EQ(body_of(get()).error().message(), "broke");
}

TEST_F(RouteTest, WhatNobodyReadsIsCancelled) {
  define(R"(async () => new Response(new ReadableStream({
    pull(c) { c.enqueue(new Uint8Array(70000)); },
    cancel() { console.log("logged"); } })))");
  auto response = get();
  ASSERT_TRUE(response);
  ASSERT_NE(response->stream, nullptr);
  response->stream.reset();
  services_->logged.take();
}

TEST_F(RouteTest, AnEmptyBodyAndOddMethods) {
  define(
      R"(async (ctx, request) =>
        new Response(null, { status: request.method === "HEAD" ? 200 : 204 }))");
  EXPECT_EQ(ask({.method = "HEAD", .path = "/x"})->status, 200);
  EXPECT_EQ(ask({.method = "OPTIONS", .path = "/x"})->status, 204);
  EXPECT_EQ(ask({.method = "PURGE", .path = "/x"})->status, 204);
}

TEST_F(RouteTest, AHandlerMustReturnAResponse) {
  define(R"(async () => ({ not: "one" }))");
  EXPECT_THAT(get().error().message(), HasSubstr("the handler of GET /x must return a Response"));
}

}  // namespace
}  // namespace moonstone::actions
