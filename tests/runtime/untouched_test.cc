// Moonstone. Licence: see LICENSE.
//
// Results that pass documents through are written from their rows. Whatever a handler did to them
// before, the text is that of JSON.stringify: random documents, random touches, both ways.
#include <array>
#include <random>

#include <fmt/format.h>

#include "tests/runtime/runtime_fixture.h"

namespace moonstone::runtime {
namespace {

/// m:result returns the documents after some touches, m:text what JSON.stringify makes of them.
constexpr std::string_view kFunctions = R"js(
  add: mutation((ctx, { document }) => ctx.db.insert("notes", document)),
  result: query(async (ctx, args) => touched(await read(ctx, args), args)),
  text: query(async (ctx, args) => JSON.stringify(touched(await read(ctx, args), args))),
  direct: query((ctx) => ctx.db.query("notes").collect()),
  twice: query(async (ctx) => {
    const first = await ctx.db.query("notes").collect();
    const second = await ctx.db.query("notes").order("desc").collect();
    first.length = 0;
    return second;
  }),
  many: query(async (ctx) => {
    for (let i = 0; i < 20; i++) await ctx.db.query("notes").take(1);
    return ctx.db.query("notes").collect();
  }),
  getters: query(async (ctx) => {
    const docs = await ctx.db.query("notes").collect();
    Object.defineProperty(docs[0], "title", { get() { throw new Error("not today"); } });
    Object.defineProperty(docs[0], "title", { enumerable: true });
    return docs;
  }),
)js";

constexpr std::string_view kTouches = R"js(
const read = async (ctx, { way }) => {
  const all = ctx.db.query("notes");
  if (way === "first") return all.first();
  if (way === "one") return all.take(1);
  if (way === "get") return ctx.db.get((await all.first())._id);
  if (way === "element") return (await all.collect())[1];
  return way === "wrapped" ? { docs: await all.collect() } : all.collect();
};
class WithText { toJSON() { return "text of a class"; } }
class Plain {}
const hidden = (o, name, value) => Object.defineProperty(o, name, { value, configurable: true });
const touches = [
  () => {}, (d) => { d.title += "!"; }, (d) => { d.title = `${d.title}`; },
  (d) => { delete d.title; }, (d) => { const t = d.title; delete d.title; d.title = t; },
  (d) => { const id = d._id; delete d._id; d._id = id; }, (d) => { d.extra = 1; },
  (d) => { d.title = undefined; }, (d) => { d.rank = -0; }, (d) => { d.rank = NaN; },
  (d) => { d.rank = null; }, (d) => { d.maybe = null; }, (d) => { d.any?.push?.(1); },
  (d) => { if (d.any) d.any.x = 1; }, (d) => { d.tags?.pop(); }, (d) => { d.tags = [...(d.tags ?? [])]; },
  (d) => { d.toJSON = () => "own"; }, (d) => { d.toJSON = undefined; }, (d) => { hidden(d, "toJSON", () => 7); },
  (d) => { hidden(d, "title", d.title); }, (d) => { hidden(d, Symbol.toStringTag, "x"); },
  (d) => { Object.setPrototypeOf(d, WithText.prototype); },
  (d) => { Object.setPrototypeOf(d, Plain.prototype); }, (d) => { Object.setPrototypeOf(d, null); },
  (d) => { Object.setPrototypeOf(d, { inherited: 1 }); }, (d) => { Object.freeze(d); },
  (d) => { const t = d.title; Object.defineProperty(d, "title", { get: () => t + "?" }); },
  (d) => { const t = d.title; Object.defineProperty(d, "title", { get: () => t }); },
  (d) => { d[0] = "first"; }, (d) => { d.title = new String(d.title); }, (d) => { d.title = d; },
  (d) => { d.rank = 1n; }, (d) => { d._creationTime = new Date(0); },
  (d, docs) => { docs.push(d); }, (d, docs) => { docs.pop(); }, (d, docs) => { docs.reverse?.(); },
  (d, docs) => { docs.sort?.((a, b) => (a.title < b.title ? 1 : -1)); },
  (d, docs) => { docs.toJSON = () => "list"; }, (d, docs) => { docs.extra = 1; },
  (d, docs) => { docs[0] = new Proxy(d, {}); },
  (d, docs) => { docs[0] = new Proxy(d, { get: (t, k) => (k === "title" ? "proxied" : t[k]) }); },
  (d, docs) => { docs[0] = { ...d }; }, (d, docs) => { docs[0] = [d]; }, (d, docs) => { docs[0] = null; },
  (d, docs) => { delete docs[0]; }, (d, docs) => { docs.length += 1; },
  (d, docs) => { Object.setPrototypeOf(docs, { toJSON: () => "inherited" }); },
  (d, docs) => { docs[0] = JSON.parse(JSON.stringify(d)); },
  (d, docs) => { [docs[0], docs[1]] = [docs[1], docs[0]]; },
];
const touched = (found, { which, at }) => {
  const docs = Array.isArray(found) ? found : (found?.docs ?? [found]);
  for (const i of which) {
    const d = docs[at % Math.max(docs.length, 1)];
    if (typeof d === "object" && d !== null) {
      try { touches[i % touches.length](d, docs); } catch {}
    }
  }
  return found;
};
)js";

class UntouchedTest : public RuntimeFixture {
 protected:
  void load_notes() { load(kFunctions, std::string(kNotesSchema) + std::string(kTouches)); }

  void add(const std::string& document) {
    const auto added = mutate("m:add", R"({"document":)" + document + "}");
    ASSERT_TRUE(added) << added.error().message() << " for " << document;
  }

  std::size_t pick(std::size_t count) { return random_() % count; }

  std::string random_text() {
    static constexpr std::array<std::string_view, 8> kPieces = {
        "plain words ",     "\\\"", "\\\\", "\\n\\u0001",
        "\x7f\xe2\x80\xa8", "é",    "😀",   "0123456789abcdef"};
    std::string text;
    for (std::size_t i = pick(5); i > 0; --i)
      text += kPieces[pick(kPieces.size())];
    return '"' + text + '"';
  }

  std::string random_number() {
    static constexpr std::array<std::string_view, 10> kNumbers = {
        "0", "-0", "1.5", "1e21", "1e-7", "123456789012", "-3", "0.1", "5e-324", "1e300"};
    return std::string(kNumbers[pick(kNumbers.size())]);
  }

  /// Most have scalars only; the others are what the fast way leaves to JSON.stringify.
  std::string random_document() {
    std::string document = R"({"title":)" + random_text();
    if (pick(2) == 0) document += R"(,"rank":)" + random_number();
    if (pick(3) == 0) document += R"(,"big":)" + std::to_string(pick(1000));
    if (pick(3) == 0) document += R"(,"maybe":)" + (pick(2) == 0 ? "null" : random_text());
    if (pick(12) == 0) document += R"(,"tags":["a","b"])";
    if (pick(12) == 0) document += R"(,"any":{"k":[1,2]})";
    if (pick(16) == 0) document += R"(,"data":"AAEC")";
    return document + "}";
  }

  std::mt19937 random_{20261121};
};

TEST_F(UntouchedTest, ResultsAreWhatStringifyGives) {
  load_notes();
  constexpr std::array<std::string_view, 6> kWays = {"all", "first",   "one",
                                                     "get", "element", "wrapped"};
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 3; ++i)
      add(random_document());
    for (int attempt = 0; attempt < 120; ++attempt) {
      std::string which;
      for (std::size_t i = pick(3); i > 0; --i)
        which += fmt::format("{}{}", which.empty() ? "" : ",", pick(1000));
      const std::string args = fmt::format(R"({{"way":"{}","which":[{}],"at":{}}})",
                                           kWays[pick(kWays.size())], which, pick(40));
      const auto text = query("m:text", args);
      const auto result = query("m:result", args);
      ASSERT_EQ(text.has_value(), result.has_value()) << args;
      if (!text) continue;
      if (!text->json) {
        EXPECT_FALSE(result->json) << args;
        continue;
      }
      ASSERT_EQ(parse_json(*text->json)->as_text(), json_of(result)) << args;
    }
  }
}

TEST_F(UntouchedTest, EveryTouchIsNoticed) {
  load_notes();
  for (const auto* const document : {R"({"title":"a","rank":1})", R"({"title":"b"})"})
    add(document);
  for (int touch = 0; touch < 60; ++touch) {
    for (const std::string_view way : {"all", "first", "one"}) {
      const std::string args = fmt::format(R"({{"way":"{}","which":[{}],"at":0}})", way, touch);
      const auto text = query("m:text", args);
      const auto result = query("m:result", args);
      ASSERT_EQ(text.has_value(), result.has_value()) << args;
      if (text && text->json) {
        EXPECT_EQ(parse_json(*text->json)->as_text(), json_of(result)) << args;
      }
    }
  }
}

TEST_F(UntouchedTest, OneOfSeveralReadsIsPassedThrough) {
  load_notes();
  for (const auto* const document : {R"({"title":"a"})", R"({"title":"b"})"})
    add(document);
  EXPECT_THAT(json_of(query("m:twice")), testing::MatchesRegex(R"(.*"b".*"a".*)"));
  EXPECT_EQ(json_of(query("m:many")), json_of(query("m:direct")));
}

TEST_F(UntouchedTest, AGetterThatThrowsFailsTheCall) {
  load_notes();
  add(R"({"title":"a"})");
  EXPECT_EQ(error_of(query("m:getters")), "not today");
}

TEST_F(UntouchedTest, ManyDocumentsAreWrittenAlike) {
  load(R"js(
    fill: mutation(async (ctx, { count }) => {
      for (let i = 0; i < count; i++) await ctx.db.insert("notes", { title: "n", rank: i }); }),
    take: query((ctx, { count }) => ctx.db.query("notes").take(count)),
    text: query(async (ctx, { count }) =>
      JSON.stringify(await ctx.db.query("notes").take(count))),)js");
  ASSERT_TRUE(mutate("m:fill", R"({"count":600})"));
  for (const int count : {0, 1, 255, 256, 257, 512, 513, 600}) {
    const std::string args = fmt::format(R"({{"count":{}}})", count);
    EXPECT_EQ(parse_json(json_of(query("m:text", args)))->as_text(),
              json_of(query("m:take", args)));
  }
}

TEST_F(UntouchedTest, TheSizeOfAResultIsBoundedAlike) {
  limits_.result_bytes_max = 300;
  SetUp();
  load_notes();
  add(R"({"title":")" + std::string(100, 'x') + "\"}");
  EXPECT_TRUE(query("m:direct"));
  add(R"({"title":")" + std::string(100, 'x') + "\"}");
  EXPECT_EQ(reason_of(query("m:direct")), "result_bytes");
}

}  // namespace
}  // namespace moonstone::runtime
