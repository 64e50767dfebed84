// Moonstone. Licence: see LICENSE.
//
// Bundles as files: what is written is read back, what is not whole is refused with the way out.
#include "runtime/bundle_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/json.h"

namespace moonstone::runtime {
namespace {

using testing::HasSubstr;

Bundle bundle_of(BundleSource source) {
  Bundle bundle;
  bundle.source = std::move(source);
  bundle.hash = content_hash(bundle.source);
  return bundle;
}

BundleSource full_source() {
  return {.code = "var __moonstone = {};\n\"\xC3\xA9\"",
          .source_map = "{}",
          .node_code = "export {}",
          .node_source_map = "{\"a\":1}",
          .node_manifest = "{}"};
}

std::string refusal_of(std::string_view text) {
  const auto file = read_bundle_file(text);
  EXPECT_FALSE(file);
  return file ? std::string() : std::string(file.error().message());
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const std::size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(BundleFile, IsReadBackAsItWas) {
  const Bundle bundle = bundle_of(full_source());
  const std::string text = write_bundle_file(bundle);
  EXPECT_EQ(text, write_bundle_file(bundle));
  const auto file = read_bundle_file(text);
  ASSERT_TRUE(file) << file.error().message();
  EXPECT_EQ(file->hash, bundle.hash);
  EXPECT_EQ(file->source.code, bundle.source.code);
  EXPECT_EQ(file->source.source_map, bundle.source.source_map);
  EXPECT_EQ(file->source.node_code, bundle.source.node_code);
  EXPECT_EQ(file->source.node_source_map, bundle.source.node_source_map);
  EXPECT_EQ(file->source.node_manifest, bundle.source.node_manifest);
  EXPECT_FALSE(file->version.empty());
}

TEST(BundleFile, EveryPartCountsForTheHash) {
  const std::string hash = content_hash(full_source());
  EXPECT_EQ(hash.size(), 64U);
  for (std::string BundleSource::* part :
       {&BundleSource::code, &BundleSource::source_map, &BundleSource::node_code,
        &BundleSource::node_source_map, &BundleSource::node_manifest}) {
    BundleSource other = full_source();
    (other.*part) += " ";
    EXPECT_NE(content_hash(other), hash);
  }
  // Text cannot move from one part to the next unnoticed.
  EXPECT_NE(content_hash({.code = "ab", .source_map = "c"}),
            content_hash({.code = "a", .source_map = "bc"}));
}

TEST(BundleFile, WhatIsNotWholeIsRefused) {
  const std::string text = write_bundle_file(bundle_of(full_source()));
  for (const std::string_view wrong : {"", "{", "[]", "null", "5", "\"x\""})
    EXPECT_THAT(refusal_of(wrong), HasSubstr("this is not a bundle")) << wrong;
  EXPECT_THAT(refusal_of(text.substr(0, text.size() / 2)), HasSubstr("this is not a bundle"));
  EXPECT_THAT(refusal_of("{}"), HasSubstr("`format`"));
  EXPECT_THAT(refusal_of(replaced(text, R"("formatVersion":1)", R"("formatVersion":2)")),
              HasSubstr("in format 2; this is Moonstone"));
  EXPECT_THAT(refusal_of(replaced(text, "var ", "let ")), HasSubstr("damaged"));
  EXPECT_THAT(refusal_of(replaced(text, R"("source":{)", R"("other":{)")), HasSubstr("`source`"));
  EXPECT_THAT(refusal_of(replaced(text, R"("sourceMap":"{}")", R"("sourceMap":{})")),
              HasSubstr("`source.sourceMap` is no text"));
}

TEST(BundleFile, AHugeOneIsRefusedUnread) {
  const auto file = read_bundle_file(std::string(kBundleFileBytesMax + 1, ' '));
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().reason(), "bundle_bytes");
}

}  // namespace
}  // namespace moonstone::runtime
