// Moonstone. Licence: see LICENSE.
// Tenants: opened on demand, closed when unused, made only by those who may, given the same code.
#include "protocol/functions/tenants.h"

#include <filesystem>
#include <future>
#include <thread>

#include <gmock/gmock.h>

#include "base/json.h"
#include "base/log.h"
#include "protocol/functions/due_note.h"
#include "runtime/jobs/list.h"
#include "runtime/jobs/schedule.h"
#include "tests/protocol/functions/conversation.h"

namespace moonstone::protocol::functions {
namespace {

using AllowDataLoss = store::Writer::AllowDataLoss;
using enum Tenants::IfMissing;

/// A sink that waits for a line with that text.
class AwaitedLine final : public LogSink {
 public:
  explicit AwaitedLine(std::string text) : text_(std::move(text)) {}
  void write_line(std::string_view line) override {
    if (line.find(text_) == std::string_view::npos || std::exchange(was_written_, true)) return;
    written_.set_value();
  }
  void wait() { written_.get_future().get(); }

 private:
  const std::string text_;
  bool was_written_ = false;
  std::promise<void> written_;
};

class TenantsTest : public ::testing::Test {
 protected:
  TenantsTest() {
    std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
    folder_ = mkdtemp(pattern.data());
    options_.each.folder = folder_;
    options_.each.live.readers = 1;
  }
  ~TenantsTest() override {
    if (tenants_ != nullptr) tenants_->stop();
    std::filesystem::remove_all(folder_);
  }

  void open() {
    tenants_ = Tenants::open(options_).value();
    const auto deployed = tenants_->deploy(load_test_bundle("chat"), AllowDataLoss::No);
    ASSERT_TRUE(deployed) << deployed.error().message();
  }

  Result<TenantPtr> find(std::string_view slug, Tenants::IfMissing if_missing = Create) {
    std::promise<Result<TenantPtr>> promise;
    auto found = promise.get_future();
    tenants_->find(slug, if_missing,
                   [&promise](Result<TenantPtr> tenant) { promise.set_value(std::move(tenant)); });
    return found.get();
  }

  /// Runs a function of the tenant and returns the JSON text, or the error's message.
  static std::string call(const TenantPtr& tenant, std::string function, Value args = Object()) {
    std::promise<std::string> promise;
    tenant->host().call({.function = std::move(function), .args = std::move(args)},
                        [&promise](Result<FunctionResult> result) {
                          if (!result)
                            return promise.set_value(std::string(result.error().message()));
                          promise.set_value(*result ? ***result : "undefined");
                        });
    return promise.get_future().get();
  }

  static void send(const TenantPtr& tenant) {
    Object args;
    args.set("channel", Value("general"));
    args.set("body", Value("x"));
    EXPECT_TRUE(call(tenant, "messages:send", std::move(args)).starts_with("\"messages:"));
  }

  [[nodiscard]] std::size_t open_count() const {
    std::size_t count = 0;
    for (const Tenants::Info& info : tenants_->list())
      count += info.is_open ? 1 : 0;
    return count;
  }

  std::filesystem::path folder_;
  TenantsOptions options_;
  std::unique_ptr<Tenants> tenants_;
};

TEST_F(TenantsTest, KeepsTheirDataApart) {
  open();
  const TenantPtr acme = find("acme").value();
  const TenantPtr other = find("\xC3\xA4 b/c").value();
  send(acme);
  send(acme);
  send(other);
  EXPECT_EQ(call(acme, "messages:count"), "2");
  EXPECT_EQ(call(other, "messages:count"), "1");
  EXPECT_EQ(call(tenants_->root(), "messages:count"), "0");
  EXPECT_EQ(find("default").value(), tenants_->root());
}

TEST_F(TenantsTest, MakesNoneForThoseWhoMayNot) {
  options_.tenants_max = 1;
  open();
  EXPECT_EQ(find("acme", Refuse).error().reason(), "tenant");
  EXPECT_EQ(find("", Create).error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(find(std::string(101, 'a')).error().code(), ErrorCode::InvalidArgument);
  EXPECT_EQ(find("\xFF").error().code(), ErrorCode::InvalidArgument);
  EXPECT_TRUE(find("acme"));
  EXPECT_TRUE(find("acme", Refuse));
  EXPECT_EQ(find("second").error().reason(), "tenants");
  EXPECT_EQ(tenants_->list().size(), 2U);
}

TEST_F(TenantsTest, ClosesUnusedOnesToMakeRoom) {
  options_.open_max = 2;
  open();
  for (int i = 0; i < 10; ++i)
    send(find("tenant-" + std::to_string(i)).value());
  EXPECT_LE(open_count(), 3U);
  EXPECT_EQ(tenants_->list().size(), 11U);
  for (int i = 0; i < 10; ++i)
    EXPECT_EQ(call(find("tenant-" + std::to_string(i)).value(), "messages:count"), "1");
}

TEST_F(TenantsTest, NeverClosesOneThatIsHeld) {
  options_.open_max = 1;
  options_.open_wait_max = std::chrono::milliseconds(50);
  open();
  TenantPtr held = find("held").value();
  EXPECT_EQ(find("waits").error().reason(), "tenants_open");
  send(held);
  held.reset();
  EXPECT_TRUE(find("waits"));
}

TEST_F(TenantsTest, FindsThemAgainAfterARestart) {
  open();
  send(find("acme").value());
  send(find("Big Name").value());
  tenants_->stop();
  EXPECT_EQ(read_due_note(folder_ / "tenants" / "acme"), std::nullopt);
  open();
  EXPECT_EQ(tenants_->list().size(), 3U);
  EXPECT_EQ(call(find("acme", Refuse).value(), "messages:count"), "1");
  EXPECT_EQ(call(find("Big Name", Refuse).value(), "messages:count"), "1");
}

TEST_F(TenantsTest, DeploysToOpenAndClosedOnes) {
  options_.open_max = 1;
  open();
  send(find("closed").value());
  send(find("open").value());
  const auto deployed = tenants_->deploy(load_test_bundle("chat2"), AllowDataLoss::Yes);
  ASSERT_TRUE(deployed) << deployed.error().message();
  EXPECT_EQ(deployed->tenants, 2U);
  EXPECT_TRUE(deployed->failed.empty());
  for (const char* slug : {"open", "closed"}) {
    const TenantPtr tenant = find(slug, Refuse).value();
    EXPECT_EQ(tenant->host().bundle()->hash, tenants_->root()->host().bundle()->hash);
  }
}

TEST_F(TenantsTest, DeployingToAClosedOneBeginsNoneOfItsJobs) {
  ManualClock clock(1'800'000'000'000);
  options_.each.host.clock = &clock;
  options_.open_max = 1;
  open();
  {
    const TenantPtr tenant = find("closed").value();
    engine::MutationCall call;
    call.function = "test:schedule";
    call.body = [&clock](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
      return runtime::jobs::schedule(transaction,
                                     {.function = "messages:count", .run_at = clock.unix_ms() + 1});
    };
    const auto scheduled = tenant->database().run(std::move(call));
    ASSERT_TRUE(scheduled) << scheduled.error().message();
  }
  const TenantPtr held = find("held").value();  // nothing else can be opened to run it
  clock.advance(std::chrono::hours(1));
  const auto deployed = tenants_->deploy(load_test_bundle("chat2"), AllowDataLoss::Yes);
  ASSERT_TRUE(deployed) << deployed.error().message();
  EXPECT_TRUE(deployed->failed.empty());
  tenants_->stop();
  tenants_ = Tenants::open(options_).value();  // without code nothing runs
  const TenantPtr tenant = find("closed").value();
  engine::MutationCall look;
  look.function = "test:look";
  look.body = [](engine::Transaction& transaction) -> Result<std::optional<std::string>> {
    MS_TRY(const Value jobs, runtime::jobs::list_as_json(transaction, Object()));
    return to_json(jobs);
  };
  const auto jobs = tenant->database().run(std::move(look));
  ASSERT_TRUE(jobs) << jobs.error().message();
  EXPECT_THAT(jobs->result_json.value(), testing::HasSubstr(R"("status":"pending")"));
  tenants_.reset();  // before its clock goes
}

TEST_F(TenantsTest, OneWithJobsThatCannotBeOpenedIsTriedAgain) {
  open();
  send(find("acme").value());
  tenants_->stop();
  const std::string folder = folder_ / "tenants" / "acme";
  forget_due_note(folder);  // it is due, then
  engine::DatabaseOptions options;
  options.store.path = folder + "/moonstone.db";
  auto other = engine::Database::open(std::move(options));
  ASSERT_TRUE(other) << other.error().message();
  AwaitedLine log("not_opened");
  const auto logger = make_logger(log, system_clock());
  ManualClock clock(1'800'000'000'000);
  options_.each.host.clock = &clock;
  options_.each.host.logger = logger.get();
  open();
  log.wait();
  other->reset();
  clock.advance(std::chrono::minutes(5));
  while (open_count() < 2)
    std::this_thread::yield();
  tenants_.reset();  // before its clock and its log go
}

TEST(TenantNamesTest, EveryNameIsFoundUnderOneFolder) {
  for (const std::string slug :
       {"acme", "a-b_9", "A", "..", "a.b", "\xC3\xA4", "a b", "=41", "-x"}) {
    const std::string folder = tenant_folder_name(slug).value();
    EXPECT_EQ(folder.find_first_of("/. "), std::string::npos) << folder;
    EXPECT_EQ(tenant_slug_of(folder), slug);
  }
  for (const char* folder : {"=6163", "=zz", "A", "", "=", ".."})
    EXPECT_EQ(tenant_slug_of(folder), std::nullopt) << folder;
}

TEST(DueNoteTest, AnUnreadableNoteMeansNow) {
  std::string pattern = (std::filesystem::temp_directory_path() / "moonstone-XXXXXX").string();
  const std::string folder = mkdtemp(pattern.data());
  EXPECT_EQ(read_due_note(folder), 0);
  ASSERT_TRUE(write_due_note(folder, 1'700'000'000'000));
  EXPECT_EQ(read_due_note(folder), 1'700'000'000'000);
  ASSERT_TRUE(write_due_note(folder, std::nullopt));
  EXPECT_EQ(read_due_note(folder), std::nullopt);
  forget_due_note(folder);
  EXPECT_EQ(read_due_note(folder), 0);
  EXPECT_FALSE(write_due_note(folder + "/missing", 1));
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace moonstone::protocol::functions
