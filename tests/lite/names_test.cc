// Moonstone. Licence: see LICENSE.
#include "schema/lite/names.h"

#include <string_view>

#include <gtest/gtest.h>

namespace moonstone::lite {
namespace {

TEST(LiteNamesTest, AccessorHasASmallFirstLetter) {
  EXPECT_EQ(accessor_of("User"), "user");
  EXPECT_EQ(accessor_of("BlogPost"), "blogPost");
  EXPECT_EQ(accessor_of("users"), "users");
  EXPECT_EQ(accessor_of("pageViews"), "pageViews");
  EXPECT_EQ(accessor_of("_X"), "_X");
  EXPECT_EQ(accessor_of(""), "");
}

TEST(LiteNamesTest, SnakeCaseSplitsWordsAndAbbreviations) {
  EXPECT_EQ(snake_case("ServiceAgreement"), "service_agreement");
  EXPECT_EQ(snake_case("HTTPLog"), "http_log");
  EXPECT_EQ(snake_case("pageViews"), "page_views");
  EXPECT_EQ(snake_case("users"), "users");
  EXPECT_EQ(snake_case("active_users"), "active_users");
  EXPECT_EQ(snake_case("User2FA"), "user2_fa");
  EXPECT_EQ(snake_case("ABCd"), "ab_cd");
  EXPECT_EQ(snake_case("ABC"), "abc");
  EXPECT_EQ(snake_case("A"), "a");
}

TEST(LiteNamesTest, PluralFollowsTheEndingBeforeTheIrregularWords) {
  EXPECT_EQ(pluralize("user"), "users");
  EXPECT_EQ(pluralize("bus"), "buses");
  EXPECT_EQ(pluralize("box"), "boxes");
  EXPECT_EQ(pluralize("quiz"), "quizes");
  EXPECT_EQ(pluralize("match"), "matches");
  EXPECT_EQ(pluralize("dish"), "dishes");
  EXPECT_EQ(pluralize("city"), "cities");
  EXPECT_EQ(pluralize("day"), "days");
  EXPECT_EQ(pluralize("person"), "people");
  EXPECT_EQ(pluralize("child"), "children");
  EXPECT_EQ(pluralize("criterion"), "criteria");
  EXPECT_EQ(pluralize("knife"), "knives");
  EXPECT_EQ(pluralize("index"), "indexes");
  EXPECT_EQ(pluralize("ox"), "oxes");
  EXPECT_EQ(pluralize("salesperson"), "salespersons");
  EXPECT_EQ(pluralize("y"), "ys");
}

TEST(LiteNamesTest, TableNameIsTheMapOrDerived) {
  Model model;
  model.name = "BlogEntry";
  EXPECT_EQ(table_name_of(model), "blog_entry");
  EXPECT_EQ(table_name_of(model, Pluralize::Yes), "blog_entries");
  model.attributes.emplace_back(TableMap{"Posts"});
  EXPECT_EQ(table_name_of(model), "Posts");
  EXPECT_EQ(table_name_of(model, Pluralize::Yes), "Posts");
}

}  // namespace
}  // namespace moonstone::lite
