// Moonstone. Licence: see LICENSE.
// Workers that crash, exit, block, fill their heap or cannot start: their calls fail with a reason,
// and the next ones work.

#include <csignal>
#include <string>

#include <gmock/gmock.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "runtime/actions/internal/child_process.h"
#include "tests/runtime/actions/pool_fixture.h"

namespace moonstone::actions {
namespace {

using testing::HasSubstr;

class CrashTest : public PoolTest {
 protected:
  CrashTest() {
    program_ = program(R"(
      const action = (handler) => ({ _type: "action", handler });
      const nested = (levels) => (levels === 0 ? 1 : [nested(levels - 1)]);
      export const modules = { m: {
        works: action(() => process.pid),
        exits: action(() => process.exit(3)),
        kills: action(() => process.kill(process.pid, "SIGSEGV") && new Promise(() => {})),
        loops: action(() => { for (;;) ; }),
        fills: action(() => { const all = []; for (;;) all.push(new Array(1000).fill(Math.random())); }),
        stray: action(() => { Promise.reject(new Error("nobody")); return "fine"; }),
        deep: action(() => nested(200)),
        asksDeep: action((ctx) => ctx.runQuery("x", { deep: nested(200) })
          .then(() => "taken", (error) => error.message)),
        cut: action((ctx, { text }) => {
          console.log("logged");
          return ctx.runQuery("echo", { text: text + "\ud83d" });
        }),
        large: action(() => { throw new Error("x".repeat(40 << 20)); }),
        odd: action(() => { throw Object.defineProperty(new Error(), "message", {
          get() { throw new Error("no"); } }); }),
        waits: action((ctx) => ctx.runQuery("wait", {})),
        thrown: action(() => new Promise(() => setTimeout(() => { throw new Error("later"); }, 1))),
      } };
    )");
  }
};

TEST_F(CrashTest, AnExitFailsItsCallsAndIsReplaced) {
  const auto result = run("exits");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "worker_crash");
  EXPECT_THAT(result.error().message(), HasSubstr("m:exits: its worker ended unexpectedly: exit"));
  EXPECT_THAT(result.error().message(), HasSubstr("code 3"));
  EXPECT_TRUE(run("works"));
}

TEST_F(CrashTest, AValueThatCannotBeTakenFailsItsOwnCallAlone) {
  PoolOptions one = options();
  one.workers_max = 1;
  open(one);
  const Value worker = *run("works");
  std::stop_source stop;
  auto waiting = start("waits", Object(), stop.get_token());
  services_->asked.take();
  EXPECT_THAT(shown(run("deep")),
              HasSubstr("error: m:deep: what it returns: JSON nested deeper than 80 levels"));
  EXPECT_THAT(shown(run("asksDeep")), HasSubstr("JSON nested deeper than 80 levels"));
  EXPECT_EQ(shown(run("cut", Object{{"text", "a"}})),
            "[\"query\",\"echo\",{\"text\":\"a\uFFFD\"}]");
  EXPECT_EQ(shown(run("large")), "error: " + std::string(65536, 'x'));
  EXPECT_EQ(shown(run("odd")), "error: Unknown error");
  EXPECT_EQ(*run("works"), worker);
  stop.request_stop();
  EXPECT_FALSE(waiting.take());
}

TEST_F(CrashTest, ASignalIsNamed) {
  EXPECT_THAT(run("kills").error().message(), HasSubstr("signal 11"));
  EXPECT_TRUE(run("works"));
}

TEST_F(CrashTest, AFullHeapSaysSo) {
  PoolOptions small = options();
  small.heap_mib = 40;
  open(small);
  EXPECT_THAT(run("fills").error().message(), HasSubstr("ran out of memory (40 MiB)"));
  EXPECT_TRUE(run("works"));
}

TEST_F(CrashTest, AnEndlessLoopIsStopped) {
  PoolOptions strict = options();
  strict.silence_max = std::chrono::milliseconds(1500);
  open(strict);
  const auto result = run("loops");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().reason(), "worker_silent");
  EXPECT_TRUE(run("works"));
}

TEST_F(CrashTest, AnEndlessLoopBeyondItsDeadlineIsStoppedSooner) {
  PoolOptions strict = options();
  strict.call_max = std::chrono::milliseconds(700);
  strict.workers_max = 1;
  open(strict);
  EXPECT_EQ(run("loops").error().code(), ErrorCode::DeadlineExceeded);
  // The worker that still loops is ended within seconds, and another takes its place.
  auto result = run("works");
  for (int attempt = 0; attempt < 20 && !result; ++attempt)
    result = run("works");
  EXPECT_TRUE(result);
}

TEST_F(CrashTest, StraysDoNotEndTheOtherCalls) {
  EXPECT_EQ(shown(run("stray")), R"("fine")");
  EXPECT_EQ(shown(run("thrown")), "error: later");
  EXPECT_TRUE(run("works"));
}

TEST_F(CrashTest, ABundleThatFailsToLoadSaysWhy) {
  program_ = program("throw new Error('top level')", "bad");
  EXPECT_EQ(shown(run("works")), "error: the modules of the bundle failed to load: top level");
}

TEST_F(CrashTest, StoppingFailsWhatRuns) {
  ASSERT_TRUE(run("works"));
  auto answer = start("loops");
  pool().stop();
  EXPECT_EQ(answer.take().error().code(), ErrorCode::Cancelled);  // it had begun
  EXPECT_EQ(run("works").error().code(), ErrorCode::Unavailable);
}

/// Starts a child that starts a grandchild through ChildProcess, and kills the child.
TEST(ChildProcessTest, NoChildOutlivesAKilledParent) {
  ASSERT_EQ(::prctl(PR_SET_CHILD_SUBREAPER, 1), 0);  // the orphan becomes ours, and can be awaited
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t parent = ::fork();
  if (parent == 0) {
    auto child = ChildProcess::start(
        {.executable = "/bin/sleep", .arguments = {"1000"}, .environment = {}, .folder = "/"});
    const pid_t id = child ? child->id() : -1;
    static_cast<void>(!::write(ends[1], &id, sizeof id));
    ::pause();
  }
  pid_t orphan = -1;
  ASSERT_EQ(::read(ends[0], &orphan, sizeof orphan), static_cast<ssize_t>(sizeof orphan));
  ASSERT_GT(orphan, 0);
  ::kill(parent, SIGKILL);
  int status = 0;
  ASSERT_EQ(::waitpid(parent, &status, 0), parent);
  ASSERT_EQ(::waitpid(orphan, &status, 0), orphan);
  // It ended: killed, or by itself if its parent was gone before it could ask for that.
  ::prctl(PR_SET_CHILD_SUBREAPER, 0);
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace moonstone::actions
