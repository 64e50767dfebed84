// Moonstone. Licence: see LICENSE.
// Bodies as streams, both ways, over a real socket.
#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "server/server.h"
#include "tests/server/raw_client.h"

namespace moonstone::server {
namespace {

using protocol::BodyReader;
using protocol::BodyReaderPtr;
using protocol::HttpRequest;
using protocol::HttpResponse;
using protocol::Respond;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using testing::RawClient;
using testing::RawResponse;
using testing::Signal;

using GoneWatch = std::stop_callback<std::function<void()>>;

constexpr std::size_t kMegabyte = std::size_t{1024} * 1024;

/// A body made of `left` times 'x'; fails afterwards if it is to.
class MadeBody final : public BodyReader {
 public:
  enum class End : unsigned char { Proper, Failure };
  MadeBody(std::size_t left, End end, std::size_t piece = kMegabyte / 16)
      : left_(left), end_(end), piece_(piece) {}
  void read(Done done) override {
    if (left_ == 0 && end_ == End::Failure) {
      return done(Error(ErrorCode::Internal, "the disk is on fire"));
    }
    const std::size_t bytes = std::min(left_, piece_);
    left_ -= bytes;
    ++reads;
    done(std::string(bytes, 'x'));
  }
  std::atomic<std::size_t> reads = 0;

 private:
  std::size_t left_;
  End end_;
  std::size_t piece_;
};

/// Calls of read() that wait for the test; tells when it is released.
class HeldBody final : public BodyReader {
 public:
  explicit HeldBody(Signal& released) : released_(released) {}
  HeldBody(const HeldBody&) = delete;
  HeldBody& operator=(const HeldBody&) = delete;
  ~HeldBody() override { released_.raise(); }
  void read(Done done) override {
    const std::scoped_lock lock(mutex_);
    waiting_.push_back(std::move(done));
    asked.raise();
  }
  Done take() {
    if (!asked.wait(++taken_)) return {};
    const std::scoped_lock lock(mutex_);
    Done done = std::move(waiting_.front());
    waiting_.erase(waiting_.begin());
    return done;
  }
  Signal asked;

 private:
  Signal& released_;
  int taken_ = 0;
  std::mutex mutex_;
  std::vector<Done> waiting_;
};

/// Takes every body as a stream and does what the test says.
class StreamApplication final : public protocol::Application {
 public:
  using Handler = std::function<void(HttpRequest, Respond)>;
  explicit StreamApplication(Handler handler) : handler_(std::move(handler)) {}
  protocol::BodyMode body_mode(const HttpRequest& head) override {
    EXPECT_THAT(head.id, Not(IsEmpty()));
    EXPECT_EQ(head.stream, nullptr);
    return head.path == "/whole" ? protocol::BodyMode::Whole : protocol::BodyMode::Stream;
  }
  void handle(HttpRequest request, Respond respond) override {
    handler_(std::move(request), std::move(respond));
  }
  void accept(HttpRequest /*request*/, protocol::SocketSinkPtr /*sink*/, Decide decide) override {
    decide(HttpResponse{.status = 404, .headers = {}, .body = {}});
  }

 private:
  Handler handler_;
};

HttpResponse text(int status, std::string body) {
  return {.status = status, .headers = {}, .body = std::move(body)};
}

/// Answers with what the body was: its length, or why it failed.
void measure(HttpRequest request, Respond respond) {
  struct Measure : std::enable_shared_from_this<Measure> {
    BodyReaderPtr body;
    Respond respond;
    std::size_t bytes = 0;
    std::size_t largest = 0;
    void ask() {
      body->read([self = shared_from_this()](Result<std::string> piece) {
        if (!piece) return self->respond(text(400, piece.error().message()));
        if (piece->empty()) {
          return self->respond(text(200, std::to_string(self->bytes)));
        }
        EXPECT_LE(piece->size(), std::size_t{64} * 1024);
        self->bytes += piece->size();
        self->ask();
      });
    }
  };
  const auto run = std::make_shared<Measure>();
  run->body = std::move(request.stream);
  run->respond = std::move(respond);
  if (run->body == nullptr) return run->respond(text(200, "whole " + request.body));
  run->ask();
}

class StreamTest : public ::testing::Test {
 protected:
  void serve(StreamApplication::Handler handler, ServerOptions options = {}) {
    options.port = 0;
    application_.emplace(std::move(handler));
    auto started = Server::start(options, *application_);
    ASSERT_TRUE(started) << started.error().message();
    server_ = std::move(*started);
  }
  RawClient client() { return RawClient(server_->port()); }

  std::optional<StreamApplication> application_;
  std::unique_ptr<Server> server_;
};

const std::string kGet = "GET / HTTP/1.1\r\nHost: t\r\n\r\n";
std::string post(std::string_view headers, std::string_view path = "/") {
  return "POST " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n" + std::string(headers) + "\r\n";
}

// ---- Requests --------------------------------------------------------------------------------

TEST_F(StreamTest, BodiesOfAnyFraming) {
  serve(measure);
  RawClient one = client();
  one.send(post("Content-Length: 5\r\n") + "hello" + kGet + post("Transfer-Encoding: chunked\r\n") +
           "3\r\nabc\r\n4;x=y\r\ndefg\r\n0\r\nT: x\r\n\r\n" +
           post("Content-Length: 3\r\n", "/whole") + "abc" + post("Content-Length: 0\r\n"));
  for (const char* expected : {"5", "0", "7", "whole abc", "0"}) {
    const RawResponse response = one.response();
    EXPECT_EQ(response.status, 200);
    EXPECT_EQ(response.body, expected);
    EXPECT_THAT(response.head, Not(HasSubstr("Connection: close")));
  }
}

TEST_F(StreamTest, ByteByByte) {
  serve(measure);
  RawClient one = client();
  for (const char c : post("Transfer-Encoding: chunked\r\n") +
                          "3\r\nabc\r\n2;x=y\r\nde\r\n0\r\nTrailer: x\r\n\r\n" + kGet) {
    one.send(std::string(1, c));
  }
  EXPECT_EQ(one.response().body, "5");
  EXPECT_EQ(one.response().body, "0");
}

TEST_F(StreamTest, LargeBodiesAndAPipelinedRequest) {
  ServerOptions options;
  options.body_bytes_max = 1000;  // holds for whole bodies only
  serve(measure, options);
  RawClient one = client();
  std::thread sending([&one] {
    one.send(post("Content-Length: 104857600\r\n"));
    const std::string piece(kMegabyte, 'x');
    for (int i = 0; i < 100; ++i)
      one.send(piece);
    one.send(kGet);
  });
  EXPECT_EQ(one.response().body, "104857600");
  EXPECT_EQ(one.response().body, "0");
  sending.join();
}

/// A reader that does not read stops the sender: what waits in the server stays small.
TEST_F(StreamTest, BackPressureReachesTheSender) {
  Signal arrived;
  HttpRequest held;
  Respond answer;
  serve([&](HttpRequest request, Respond respond) {
    held = std::move(request);
    answer = std::move(respond);
    arrived.raise();
  });
  RawClient one = client();
  one.send(post("Content-Length: 104857600\r\n"));
  ASSERT_TRUE(arrived.wait());
  std::thread sending([&] {
    const std::string piece(kMegabyte / 4, 'x');
    for (int i = 0; i < 400; ++i) {
      one.send(piece);
    }
  });
  Signal first;
  held.stream->read([&first](Result<std::string> piece) {
    EXPECT_TRUE(piece);
    first.raise();
  });
  ASSERT_TRUE(first.wait());
  // One piece was taken, one queue is full, one read has filled it over.
  EXPECT_LE(server_->counters().bytes_in, 3 * kMegabyte / 16 + 4096);
  measure(std::move(held), std::move(answer));
  const RawResponse response = one.response();
  sending.join();
  EXPECT_EQ(response.status, 200);
  EXPECT_LE(server_->counters().bytes_in, 104857600U + 1000U);
}

TEST_F(StreamTest, ContinueIsSentWhenTheBodyIsWanted) {
  serve(measure);
  RawClient one = client();
  one.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n"));
  EXPECT_EQ(one.response().status, 100);
  one.send("ok");
  EXPECT_EQ(one.response().body, "2");
  one.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n") + "ok");
  EXPECT_EQ(one.response().body, "2") << "nobody waits for a word that comes too late";
}

TEST_F(StreamTest, NoContinueForWhomIsRefused) {
  serve([](const HttpRequest& /*request*/, Respond respond) { respond(text(403, "no")); });
  RawClient one = client();
  one.send(post("Content-Length: 2\r\nExpect: 100-continue\r\n"));
  const RawResponse response = one.response();
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(one.is_at_end());
}

TEST_F(StreamTest, EarlyAnswersReachASenderThatDoesNotListen) {
  serve([](const HttpRequest& /*request*/, Respond respond) { respond(text(403, "no")); });
  RawClient small = client();
  small.send(post("Content-Length: 5\r\n") + "hello" + kGet);
  EXPECT_EQ(small.response().status, 403);
  RawClient large = client();
  large.send(post("Content-Length: 8388608\r\n") + std::string(8 * kMegabyte, 'x'));
  const RawResponse response = large.response();
  EXPECT_EQ(response.status, 403);
  EXPECT_THAT(response.head, HasSubstr("Connection: close"));
  EXPECT_TRUE(large.is_at_end());
}

TEST_F(StreamTest, AnAnswerAfterTheBodyWasGivenAway) {
  Respond late;
  Signal arrived;
  serve([&](HttpRequest request, Respond respond) {
    request.stream.reset();
    late = std::move(respond);
    arrived.raise();
  });
  RawClient one = client();
  one.send(post("Content-Length: 300000\r\n") + std::string(300'000, 'x'));
  ASSERT_TRUE(arrived.wait());
  late(text(200, "done"));
  EXPECT_EQ(one.response().body, "done");
}

TEST_F(StreamTest, SlowBodiesAreCut) {
  ServerOptions options;
  options.body_timeout = std::chrono::seconds(1);
  Signal failed;
  serve(
      [&](HttpRequest request, Respond respond) {
        EXPECT_FALSE(request.gone.stop_requested());
        protocol::read_whole_body(std::move(request.stream), 1000,
                                  [&failed, gone = request.gone,
                                   respond = std::move(respond)](Result<std::string> body) mutable {
                                    EXPECT_FALSE(body);
                                    EXPECT_EQ(body.error().code(), ErrorCode::Cancelled);
                                    failed.raise();
                                    respond(text(500, "comes too late"));
                                  });
      },
      options);
  RawClient one = client();
  one.send(post("Content-Length: 10\r\n") + "abc");
  EXPECT_EQ(one.response().status, 408);
  EXPECT_TRUE(failed.wait());
  EXPECT_TRUE(one.is_at_end());
}

TEST_F(StreamTest, ChunksThatLie) {
  serve(measure);
  for (const char* body : {"zz\r\nabc\r\n", "3\r\nabcde\r\n", "ffffffffffffffffff\r\na"}) {
    RawClient at_once = client();
    at_once.send(post("Transfer-Encoding: chunked\r\n") + body);
    EXPECT_EQ(at_once.response().status, 400) << body;
    EXPECT_TRUE(at_once.is_at_end());
    RawClient later = client();
    later.send(post("Transfer-Encoding: chunked\r\n") + "1\r\nx\r\n");
    later.send(body);
    EXPECT_EQ(later.response().status, 400) << body;
  }
  RawClient endless = client();
  endless.send(post("Transfer-Encoding: chunked\r\n") + "3;" + std::string(100'000, 'x'));
  EXPECT_EQ(endless.response().status, 400);
}

TEST_F(StreamTest, TheSenderLeavesInTheMiddle) {
  for (const bool with_reset : {false, true}) {
    Signal failed;
    Signal gone;
    Signal arrived;
    serve([&](HttpRequest request, Respond respond) {
      if (request.path == "/next") return respond(text(200, "next"));
      auto watch = std::make_shared<GoneWatch>(request.gone, [&gone] { gone.raise(); });
      arrived.raise();
      protocol::read_whole_body(
          std::move(request.stream), 1000,
          [&failed, watch, respond = std::move(respond)](Result<std::string> body) mutable {
            EXPECT_FALSE(body);
            EXPECT_EQ(body.error().code(), ErrorCode::Cancelled);
            respond(text(500, "nobody hears this"));
            failed.raise();
          });
    });
    {
      RawClient one = client();
      one.send(post("Content-Length: 1000\r\n") + "abc");
      ASSERT_TRUE(arrived.wait());
      if (with_reset) one.reset();
    }
    EXPECT_TRUE(failed.wait());
    EXPECT_TRUE(gone.wait());
    RawClient next = client();
    next.send(post("Content-Length: 0\r\n", "/next"));
    EXPECT_EQ(next.response().body, "next");
  }
}

TEST_F(StreamTest, GoneIsToldWhileARequestRuns) {
  Signal arrived;
  Signal gone;
  std::vector<Respond> answers;
  std::vector<std::unique_ptr<GoneWatch>> watches;
  serve([&](const HttpRequest& request, Respond respond) {
    watches.push_back(std::make_unique<GoneWatch>(request.gone, [&gone] { gone.raise(); }));
    answers.push_back(std::move(respond));
    arrived.raise();
  });
  {
    RawClient one = client();
    one.send(post("Content-Length: 2\r\n") + "ab");
    ASSERT_TRUE(arrived.wait());
  }
  EXPECT_TRUE(gone.wait(1));
  RawClient half = client();
  half.send(kGet);
  ASSERT_TRUE(arrived.wait(2));
  half.shutdown_send();
  EXPECT_TRUE(gone.wait(2));
  answers.back()(text(200, "still here"));
  EXPECT_EQ(half.response().body, "still here");
  EXPECT_TRUE(half.is_at_end());
}

// ---- Request names ---------------------------------------------------------------------------

TEST_F(StreamTest, RequestsHaveIds) {
  serve([](const HttpRequest& request, Respond respond) { respond(text(200, request.id)); });
  RawClient one = client();
  const auto ask = [&one](std::string_view id) {
    one.send("GET / HTTP/1.1\r\nHost: t\r\nX-Request-Id: " + std::string(id) + "\r\n\r\n");
    RawResponse response = one.response();
    EXPECT_THAT(response.head, HasSubstr("X-Request-Id: " + response.body + "\r\n"));
    return response.body;
  };
  EXPECT_EQ(ask("abc-1.2_3"), "abc-1.2_3");
  EXPECT_EQ(ask(std::string(64, 'a')), std::string(64, 'a'));
  const std::string made = ask("");
  EXPECT_EQ(made.size(), 26U);
  for (const std::string& bad : {std::string("a b"), std::string("a\"b"), std::string(65, 'a')}) {
    EXPECT_EQ(ask(bad).size(), 26U) << bad;
  }
  EXPECT_NE(ask(""), made);
}

// ---- Answers ---------------------------------------------------------------------------------

HttpResponse streamed(BodyReaderPtr body, std::optional<std::uint64_t> bytes = {}) {
  return {
      .status = 200, .headers = {}, .body = {}, .stream = std::move(body), .stream_bytes = bytes};
}

TEST_F(StreamTest, AnswersOfKnownLength) {
  serve([](const HttpRequest& /*request*/, Respond respond) {
    respond(streamed(std::make_shared<MadeBody>(100'000, MadeBody::End::Proper), 100'000));
  });
  RawClient one = client();
  for (int i = 0; i < 2; ++i) {
    one.send(kGet);
    const RawResponse response = one.response();
    EXPECT_THAT(response.head, HasSubstr("Content-Length: 100000\r\n"));
    EXPECT_EQ(response.body, std::string(100'000, 'x'));
  }
}

TEST_F(StreamTest, AnswersInChunks) {
  serve([](const HttpRequest& /*request*/, Respond respond) {
    respond(streamed(std::make_shared<MadeBody>(5, MadeBody::End::Proper, 2)));
  });
  RawClient one = client();
  one.send(
      "GET / HTTP/1.1\r\nHost: t\r\n\r\nGET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n");
  const std::string all = one.rest();
  const std::string chunks = "\r\n\r\n2\r\nxx\r\n2\r\nxx\r\n1\r\nx\r\n0\r\n\r\n";
  EXPECT_THAT(all, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("Content-Length")));
  EXPECT_THAT(all, HasSubstr(chunks + "HTTP/1.1 200"));
  EXPECT_TRUE(all.ends_with(chunks));
}

TEST_F(StreamTest, OldClientsReadUntilTheEnd) {
  serve([](const HttpRequest& /*request*/, Respond respond) {
    respond(streamed(std::make_shared<MadeBody>(200'000, MadeBody::End::Proper)));
  });
  RawClient one = client();
  one.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
  const std::string all = one.rest();
  EXPECT_THAT(all, HasSubstr("Connection: close\r\n"));
  EXPECT_THAT(all, Not(HasSubstr("chunked")));
  EXPECT_TRUE(all.ends_with("\r\n\r\n" + std::string(200'000, 'x')));
}

TEST_F(StreamTest, HeadReleasesTheStreamUnread) {
  Signal released;
  serve([&released](const HttpRequest& request, Respond respond) {
    if (request.method != "HEAD") return respond(text(200, "next"));
    respond(streamed(std::make_shared<HeldBody>(released), 12));
  });
  RawClient one = client();
  one.send("HEAD / HTTP/1.1\r\nHost: t\r\n\r\n" + kGet);
  EXPECT_THAT(one.response("HEAD").head, HasSubstr("Content-Length: 12\r\n"));
  EXPECT_TRUE(released.wait());
  EXPECT_EQ(one.response().body, "next");
}

TEST_F(StreamTest, FailingStreamsCutTheConnection) {
  serve([](const HttpRequest& request, Respond respond) {
    auto body = std::make_shared<MadeBody>(1000, MadeBody::End::Failure);
    if (request.path == "/chunked") return respond(streamed(std::move(body)));
    if (request.path == "/short") {
      return respond(streamed(std::make_shared<MadeBody>(10, MadeBody::End::Proper), 11));
    }
    if (request.path == "/long") {
      return respond(streamed(std::make_shared<MadeBody>(12, MadeBody::End::Proper), 11));
    }
    respond(streamed(std::move(body), 1001));
  });
  for (const char* path : {"/", "/chunked", "/short", "/long"}) {
    RawClient one = client();
    one.send("GET " + std::string(path) + " HTTP/1.1\r\nHost: t\r\n\r\n");
    const std::string all = one.rest();
    EXPECT_THAT(all, HasSubstr("200 OK")) << path;
    EXPECT_FALSE(all.ends_with("0\r\n\r\n")) << path;
  }
}

TEST_F(StreamTest, AnswersAreReadAsFastAsTheyAreTaken) {
  const auto body = std::make_shared<MadeBody>(100 * kMegabyte, MadeBody::End::Proper);
  serve([&body](const HttpRequest& request, Respond respond) {
    if (request.path == "/big") return respond(streamed(body, 100 * kMegabyte));
    respond(text(200, "here"));
  });
  RawClient slow = client();
  slow.send("GET /big HTTP/1.1\r\nHost: t\r\n\r\n");
  RawClient other = client();
  other.send(kGet);
  EXPECT_EQ(other.response().body, "here");
  slow.reset();
  server_->stop(std::chrono::seconds(20));
  EXPECT_LT(body->reads, 1600U) << "nobody took all of it";
}

TEST_F(StreamTest, LargeAnswersArriveWhole) {
  serve([](const HttpRequest& /*request*/, Respond respond) {
    respond(streamed(std::make_shared<MadeBody>(100 * kMegabyte, MadeBody::End::Proper),
                     100 * kMegabyte));
  });
  RawClient one = client();
  one.send(kGet);
  EXPECT_EQ(one.response().body.size(), 100 * kMegabyte);
}

TEST_F(StreamTest, EndlessAnswersEndWithTheirReader) {
  Signal gone;
  Signal released;
  std::shared_ptr<HeldBody> body = std::make_shared<HeldBody>(released);
  std::vector<std::unique_ptr<GoneWatch>> watches;
  serve([&](const HttpRequest& request, Respond respond) {
    watches.push_back(std::make_unique<GoneWatch>(request.gone, [&gone] { gone.raise(); }));
    respond(streamed(body));
  });
  BodyReader::Done later;
  {
    RawClient one = client();
    one.send(kGet);
    body->take()("line\n");
    later = body->take();
  }
  EXPECT_TRUE(gone.wait());
  later("");
  body.reset();
  EXPECT_TRUE(released.wait());
}

TEST_F(StreamTest, AnAnswerMayBeMadeOfItsRequest) {
  serve([](HttpRequest request, Respond respond) {
    respond(streamed(std::move(request.stream), 4 * kMegabyte));
  });
  RawClient one = client();
  std::thread sending([&one] {
    one.send(post("Content-Length: 4194304\r\n"));
    one.send(std::string(4 * kMegabyte, 'e'));
  });
  EXPECT_EQ(one.response().body, std::string(4 * kMegabyte, 'e'));
  sending.join();
}

TEST_F(StreamTest, StopAbandonsStreams) {
  Signal released;
  auto body = std::make_shared<HeldBody>(released);
  serve([&](const HttpRequest& /*request*/, Respond respond) { respond(streamed(body)); });
  RawClient one = client();
  one.send(kGet);
  BodyReader::Done late = body->take();
  server_->stop(std::chrono::milliseconds(0));
  server_.reset();
  late("has nowhere to go");
  EXPECT_THAT(one.rest(), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace moonstone::server
