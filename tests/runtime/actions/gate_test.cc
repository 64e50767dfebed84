// Moonstone. Licence: see LICENSE.
// The worker entry as a gate: it refuses, passes on, changes and answers itself.

#include <string>

#include <gmock/gmock.h>

#include "tests/runtime/actions/pool_fixture.h"

namespace moonstone::actions {
namespace {

using protocol::HttpRequest;
using protocol::HttpResponse;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class GateTest : public PoolTest {
 protected:
  /// A bundle whose entry is `fetch`.
  void define(const std::string& fetch) {
    program_ = program("export const modules = {};\nexport const gate = { default: { async fetch" +
                       fetch + " } };");
  }

  Result<GateOutcome> pass(const RequestParts& parts, GateCall::Kind kind = GateCall::Kind::Http) {
    HttpRequest request = parts.request();
    GateCall call{.origin = origin("the gate"),
                  .url = "http://example.test" + request.path + "?" + request.query,
                  .request = std::move(request),
                  .kind = kind};
    Awaited<Result<GateOutcome>> answer;
    pool().run(std::move(call),
               [answer](Result<GateOutcome> result) mutable { answer.set(std::move(result)); });
    return answer.take();
  }
  HttpResponse respond(const RequestParts& parts) {
    auto outcome = pass(parts);
    EXPECT_TRUE(outcome) << (outcome ? "" : outcome.error().message());
    HttpResponse response = outcome ? std::get<HttpResponse>(*std::move(outcome)) : HttpResponse();
    if (response.stream != nullptr) {
      Awaited<std::string> whole;
      read_all(response.stream, std::size_t{64} << 20,
               [whole](Result<std::string> bytes) mutable { whole.set(*std::move(bytes)); });
      response.body = whole.take();
    }
    return response;
  }
  static constexpr const char* kForward =
      R"((request, env) {
        const id = env.ZEROBACK_DO.idFromName("acme");
        return env.ZEROBACK_DO.get(id).fetch(request);
      })";
};

TEST_F(GateTest, RefusesWithoutTheServerHearingOfIt) {
  define(R"((request) { return new Response("no", { status: 401 }); })");
  const HttpResponse response = respond({.method = "GET", .path = "/x"});
  EXPECT_EQ(response.status, 401);
  EXPECT_EQ(response.body, "no");
  EXPECT_THAT(services_->notes(), IsEmpty());
}

TEST_F(GateTest, PassesOnToATenant) {
  define(kForward);
  const HttpResponse response = respond({.method = "GET", .path = "/a b", .query = "q=1"});
  EXPECT_EQ(response.body, "answer");
  EXPECT_EQ(header_in(response.headers, "x-a"), "1");
  EXPECT_THAT(services_->notes(), ElementsAre("acme: GET /a b?q=1 "));
}

TEST_F(GateTest, PassesLargeBodiesBothWays) {
  define(kForward);
  const std::string large(1'000'000, 'b');
  EXPECT_EQ(respond({.method = "POST", .path = "/x", .body = large}).body, "got " + large);
}

TEST_F(GateTest, MayChangeRequestAndResponse) {
  define(R"((request, env) {
    const headers = new Headers(request.headers);
    headers.set("x-user", "ann");
    const stub = env.MOONSTONE_DO.get(env.MOONSTONE_DO.idFromName("t"));
    const response = await stub.fetch(new Request("http://other.test/query?x", {
      method: "POST", headers, body: await request.text() + "!", duplex: "half" }));
    const changed = new Response(response.body, response);
    changed.headers.set("x-b", "2");
    return changed;
  })");
  const HttpResponse response = respond({.method = "POST", .path = "/x", .body = "hi"});
  EXPECT_EQ(response.body, "got hi!");
  EXPECT_EQ(header_in(response.headers, "x-a"), "1");
  EXPECT_EQ(header_in(response.headers, "x-b"), "2");
  EXPECT_THAT(services_->notes(), ElementsAre("t: POST /query?x ann"));
}

TEST_F(GateTest, MayReadAndReplaceTheAnswer) {
  define(R"((request, env) {
    const stub = env.ZEROBACK_DO.get(env.ZEROBACK_DO.idFromName("t"));
    return new Response((await (await stub.fetch(request)).text()).toUpperCase());
  })");
  EXPECT_EQ(respond({.method = "GET", .path = "/x"}).body, "ANSWER");
}

TEST_F(GateTest, DecidesOnUpgrades) {
  const RequestParts upgrade{
      .method = "GET", .path = "/ws", .headers = {{"Upgrade", "websocket"}, {"X-Token", "1"}}};
  define(R"((request, env) {
    if (request.headers.get("x-token") !== "1") return new Response("no", { status: 401 });
    const headers = new Headers(request.headers);
    headers.set("authorization", "Bearer made");
    const stub = env.ZEROBACK_DO.get(env.ZEROBACK_DO.idFromName("acme"));
    const response = await stub.fetch(new Request(request, { headers }));
    const changed = new Response(response.body, response);
    changed.headers.set("x", "y");
    return changed;
  })");
  auto outcome = pass(upgrade, GateCall::Kind::Upgrade);
  ASSERT_TRUE(outcome) << outcome.error().message();
  const GatePass passed = std::get<GatePass>(*outcome);
  EXPECT_EQ(passed.tenant, "acme");
  EXPECT_EQ(passed.path, "/ws");
  EXPECT_EQ(header_in(passed.headers, "Authorization"), "Bearer made");

  RequestParts without = upgrade;
  without.headers.pop_back();
  outcome = pass(without, GateCall::Kind::Upgrade);
  ASSERT_TRUE(outcome);
  EXPECT_EQ(std::get<HttpResponse>(*outcome).status, 401);
}

TEST_F(GateTest, AGateThatThrowsLetsNothingThrough) {
  define(R"(() { throw new Error("broken gate"); })");
  EXPECT_EQ(pass({.method = "GET", .path = "/x"}).error().message(), "broken gate");
}

TEST_F(GateTest, EnvironmentVariablesAreInEnv) {
  define(R"((request, env) { return new Response(env.GREETING); })");
  EXPECT_EQ(respond({.method = "GET", .path = "/x"}).body, "hello");
}

}  // namespace
}  // namespace moonstone::actions
