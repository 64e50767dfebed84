// Moonstone. Licence: see LICENSE.
#include "cli/config.h"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/cli/temporary_folder.h"

namespace moonstone::cli {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

using Environment = std::map<std::string, std::string>;

struct Given {
  std::string_view file{};
  Environment environment{};
  std::vector<Setting> flags{};
  std::string section{};
};

Result<LoadedConfig> load(const Given& given) {
  const TemporaryFolder folder;
  if (!given.file.empty()) folder.write("moonstone.toml", given.file);
  return load_config({.file = folder / "moonstone.toml",
                      .environment = given.section,
                      .lookup = [&](const std::string& name) -> std::optional<std::string> {
                        const auto found = given.environment.find(name);
                        if (found == given.environment.end()) return std::nullopt;
                        return found->second;
                      },
                      .flags = given.flags});
}

std::string error_of(const Given& given) {
  const auto loaded = load(given);
  EXPECT_FALSE(loaded);
  return loaded ? "" : loaded.error().message();
}

Setting flag(std::string key, std::string text) {
  return {.key = std::move(key), .text = std::move(text), .place = "--flag"};
}

TEST(Config, HasDefaultsWithoutAFile) {
  const auto loaded = load({});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->config.server.port, 8788);
  EXPECT_EQ(loaded->config.server.host, "127.0.0.1");
  EXPECT_EQ(loaded->config.server.connections_max, 1000U);
  EXPECT_EQ(loaded->config.session.messages_per_second, 50U);
  EXPECT_EQ(loaded->config.durability, store::Durability::Full);
  EXPECT_EQ(loaded->config.runtime.isolation, runtime::Isolation::User);
}

TEST(Config, FlagsBeatTheEnvironmentWhichBeatsTheFile) {
  const std::string_view file = "[server]\nport = 1\nhost = \"a\"\nthreads = 2\n";
  const Environment environment = {{"MOONSTONE_SERVER_PORT", "2"}, {"MOONSTONE_SERVER_HOST", "b"}};
  const auto loaded =
      load({.file = file, .environment = environment, .flags = {flag("server.port", "3")}});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_EQ(loaded->config.server.port, 3);
  EXPECT_EQ(loaded->config.server.host, "b");
  EXPECT_EQ(loaded->config.server.threads, 2U);
}

TEST(Config, ReadsEveryKindOfValue) {
  const auto loaded = load({.file = R"(
[server]
origins = ["https://a.example", "http://localhost:5173"]
static = "web"
[limits]
connections = 0
messages_per_second = 0
heap_mib = 128
run_ms = 2500
[store]
durability = "normal"
[functions]
isolation = "call"
)"});
  ASSERT_TRUE(loaded) << loaded.error().message();
  const Config& config = loaded->config;
  EXPECT_THAT(config.origins, ElementsAre("https://a.example", "http://localhost:5173"));
  EXPECT_EQ(config.static_folder, "web");
  EXPECT_EQ(config.server.connections_max, 0U);
  EXPECT_EQ(config.session.messages_per_second, 0U);
  EXPECT_EQ(config.runtime.heap_bytes_max, std::size_t{128} * 1024 * 1024);
  EXPECT_EQ(config.engine.call_max.count(), 2500);
  EXPECT_EQ(config.live.run_max.count(), 2500);
  EXPECT_EQ(config.durability, store::Durability::Normal);
  EXPECT_EQ(config.runtime.isolation, runtime::Isolation::Call);
  EXPECT_THAT(loaded->warnings, IsEmpty());
}

TEST(Config, ASectionOfAnEnvironmentBeatsTheRest) {
  const std::string_view file = "[server]\nport = 1\n[env.test.server]\nport = 2\n";
  EXPECT_EQ(load({.file = file})->config.server.port, 1);
  EXPECT_EQ(load({.file = file, .section = "test"})->config.server.port, 2);
  EXPECT_THAT(error_of({.file = file, .section = "tset"}), HasSubstr("it has: test"));
}

TEST(Config, EnvironmentsCannotLeaveTheirFolder) {
  EXPECT_THAT(error_of({.section = "../up"}), HasSubstr("letters, digits"));
  EXPECT_THAT(error_of({.section = std::string(65, 'a')}), HasSubstr("at most 64"));
  EXPECT_TRUE(load({.section = std::string(64, 'a')}));
}

TEST(Config, AnUnknownKeyWarnsWithTheNearest) {
  const auto loaded = load({.file = "[server]\nprot = 1\n[zoo]\nlion = 2\n"});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_THAT(loaded->warnings,
              ElementsAre("moonstone.toml:2: unknown key server.prot; did you mean server.port?",
                          "moonstone.toml:4: unknown key zoo.lion"));
}

TEST(Config, ErrorsNameFileLineAndKey) {
  EXPECT_EQ(error_of({.file = "[server]\n\nport = 70000\n"}),
            "moonstone.toml:3: server.port is \"70000\"; expected a number from 0 to 65535");
  EXPECT_THAT(error_of({.file = "[server]\nport = \n"}), HasSubstr("moonstone.toml:2"));
  EXPECT_THAT(error_of({.file = "port = 1\n"}), HasSubstr("moonstone.toml:1: port: keys stand in"));
  EXPECT_THAT(error_of({.file = "[server]\nport = 2020-01-01\n"}), HasSubstr("server.port"));
  EXPECT_THAT(error_of({.file = "[store]\ndurability = \"off\"\n"}),
              HasSubstr("\"full\" or \"normal\""));
  EXPECT_THAT(error_of({.file = "[functions]\nisolation = \"tenant\"\n"}),
              HasSubstr("\"user\", \"call\" or \"shared\""));
  EXPECT_THAT(error_of({.file = "[server]\norigins = [\"a.example\"]\n"}),
              HasSubstr("origins such"));
  EXPECT_EQ(error_of({.environment = {{"MOONSTONE_LIMITS_ROWS_READ", "many"}}}),
            "MOONSTONE_LIMITS_ROWS_READ: limits.rows_read is \"many\"; expected a number from 1 to "
            "1000000000000");
  EXPECT_THAT(error_of({.flags = {flag("server.port", "-1")}}), HasSubstr("--flag: server.port"));
}

TEST(Config, LimitsAreTakenAtTheirBoundsOnly) {
  EXPECT_TRUE(load({.flags = {flag("server.port", "65535")}}));
  EXPECT_FALSE(load({.flags = {flag("server.port", "65536")}}));
  EXPECT_TRUE(load({.flags = {flag("server.threads", "64")}}));
  EXPECT_FALSE(load({.flags = {flag("server.threads", "65")}}));
  EXPECT_FALSE(load({.flags = {flag("server.threads", "0")}}));
  EXPECT_FALSE(load({.flags = {flag("limits.rows_read", "0")}}));
}

TEST(Config, HostileInputMeetsLimitsThatCanBeSet) {
  const auto loaded = load({.file = R"(
[limits]
header_ms = 1
body_ms = 2
idle_ms = 3
close_ms = 4
unread_ms = 5
unsent_bytes = 800
subscription_bytes = 7
queued_bytes = 8
)"});
  ASSERT_TRUE(loaded) << loaded.error().message();
  const Config& config = loaded->config;
  EXPECT_EQ(config.server.header_timeout.count(), 1);
  EXPECT_EQ(config.server.body_timeout.count(), 2);
  EXPECT_EQ(config.server.idle_timeout.count(), 3);
  EXPECT_EQ(config.server.close_timeout.count(), 4);
  EXPECT_EQ(config.server.unread_timeout.count(), 5);
  EXPECT_EQ(config.server.queue_bytes_max, 800U);
  EXPECT_EQ(config.server.queue_bytes_high, 100U);
  EXPECT_EQ(config.session.unsent_bytes_max, 100U);
  EXPECT_EQ(config.session.subscription_bytes_max, 7U);
  EXPECT_EQ(config.queued_bytes_max, 8U);
  EXPECT_FALSE(load({.flags = {flag("limits.unread_ms", "0")}}));
  EXPECT_FALSE(load({.flags = {flag("limits.unsent_bytes", "7")}}));
}

TEST(Config, ProvidersStandInSectionsAndTheirSecretsInTheEnvironment) {
  const auto loaded = load({.file = R"(
[auth]
issuer = "https://a"
jwks = "https://a/keys"
audience = ["app", "other"]
[auth.own]
clock_skew_s = 5
jwks = "keys.json"
)",
                            .environment = {{"MOONSTONE_AUTH_AUDIENCE", "from-environment"},
                                            {"MOONSTONE_AUTH_OWN_ISSUER", "https://own"},
                                            {"MOONSTONE_AUTH_OWN_SECRET", "s1"},
                                            {"MOONSTONE_AUTH_OWN_SECRET_PREVIOUS", "s0"}}});
  ASSERT_TRUE(loaded) << loaded.error().message();
  const auto& providers = loaded->config.auth;
  ASSERT_EQ(providers.size(), 2U);
  EXPECT_EQ(providers[0].name, "main");
  EXPECT_EQ(providers[0].keys_url, "https://a/keys");
  EXPECT_THAT(providers[0].audiences, ElementsAre("from-environment"));
  EXPECT_EQ(providers[1].issuer, "https://own");
  EXPECT_EQ(providers[1].keys_file, "keys.json");
  EXPECT_EQ(providers[1].clock_skew, std::chrono::seconds(5));
  EXPECT_THAT(providers[1].secrets, ElementsAre("s1", "s0"));
}

TEST(Config, AnElementOfAListKeepsItsCommas) {
  const auto loaded = load({.file = "[auth]\naudience = [\"a,b\", \"c \\\"d\\\"\", \"e\"]\n"});
  ASSERT_TRUE(loaded) << loaded.error().message();
  EXPECT_THAT(loaded->config.auth.at(0).audiences, ElementsAre("a,b", "c \"d\"", "e"));
  const auto set =
      load({.file = "[auth]\n", .environment = {{"MOONSTONE_AUTH_AUDIENCE", "\"a,b\" , c"}}});
  ASSERT_TRUE(set) << set.error().message();
  EXPECT_THAT(set->config.auth.at(0).audiences, ElementsAre("a,b", "c"));
}

TEST(Config, ASecretAloneIsAProvider) {
  const auto loaded = load({.environment = {{"MOONSTONE_AUTH_SECRET", "s"}}});
  ASSERT_TRUE(loaded);
  ASSERT_EQ(loaded->config.auth.size(), 1U);
  EXPECT_THAT(loaded->config.auth[0].secrets, ElementsAre("s"));
  EXPECT_TRUE(load({})->config.auth.empty());
}

TEST(Config, WrongProvidersNameThePlace) {
  const auto message = [](std::string_view file) {
    const auto loaded = load({.file = file});
    return loaded ? std::string() : loaded.error().message();
  };
  const std::string secret = message("[auth]\nsecret = \"hunter2\"\n");
  EXPECT_THAT(secret, HasSubstr("moonstone.toml:2"));
  EXPECT_THAT(secret, HasSubstr("MOONSTONE_AUTH_SECRET"));
  EXPECT_EQ(secret.find("hunter2"), std::string::npos);
  EXPECT_THAT(message("[auth]\nclock_skew_s = 9999\n"), HasSubstr("from 0 to 3600"));
  EXPECT_THAT(message("[auth.\"A b\"]\nissuer = \"x\"\n"), HasSubstr("small letters"));
  const auto unknown = load({.file = "[auth]\naudiense = \"x\"\n"});
  ASSERT_TRUE(unknown);
  EXPECT_THAT(unknown->warnings, ElementsAre(HasSubstr("unknown key auth.audiense")));
}

TEST(Config, EveryKeyHasAnEnvironmentVariableOfItsOwn) {
  std::set<std::string> variables;
  for (const std::string_view key : config_keys())
    variables.insert(environment_variable_of(key));
  EXPECT_EQ(variables.size(), config_keys().size());
  EXPECT_EQ(environment_variable_of("limits.messages_per_second"),
            "MOONSTONE_LIMITS_MESSAGES_PER_SECOND");
}

}  // namespace
}  // namespace moonstone::cli
