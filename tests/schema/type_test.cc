// Moonstone. Licence: see LICENSE.

#include "schema/type.h"

#include <gtest/gtest.h>

#include "schema/storage_class.h"
#include "tests/schema/json_text.h"

namespace moonstone::schema {
namespace {

TEST(ParseType, PrintsBackWhatItReads) {
  for (const std::string_view text : {
           R"({"type":"string"})",
           R"({"type":"number"})",
           R"({"type":"float64"})",
           R"({"type":"int64"})",
           R"({"type":"boolean"})",
           R"({"type":"null"})",
           R"({"type":"any"})",
           R"({"type":"bytes"})",
           R"({"type":"id","tableName":"t"})",
           R"({"type":"literal","value":"x"})",
           R"({"type":"literal","value":42})",
           R"({"type":"literal","value":false})",
           R"({"type":"object","value":{"b":{"type":"string"},"a":{"type":"null"}}})",
           R"({"type":"object","value":{}})",
           R"({"type":"array","value":{"type":"any"}})",
           R"({"type":"optional","value":{"type":"any"}})",
           R"({"type":"union","value":[{"type":"null"},{"type":"string"}]})",
           R"({"type":"union","value":[]})",
           R"({"type":"record","keys":{"type":"string"},"values":{"type":"number"}})",
       }) {
    const TypePtr type = type_of(text);
    EXPECT_EQ(to_json(type_to_json(*type)), text);
    EXPECT_EQ(*type, *type_of(text));
  }
}

struct BadType {
  std::string_view text;
  std::string_view message;
};

TEST(ParseType, NamesTheOffendingPart) {
  for (const auto& [text, message] : {
           BadType{"1", "a validator must be an object with a member \"type\""},
           BadType{"{}", "a validator must have a text member \"type\""},
           BadType{R"({"type":1})", "a validator must have a text member \"type\""},
           BadType{R"({"type":"date"})", "Unknown validator type \"date\""},
           BadType{R"({"type":"array"})", "a validator is missing at value"},
           BadType{R"({"type":"array","value":{"type":"x"}})",
                   "Unknown validator type \"x\" at value"},
           BadType{R"({"type":"object","value":{"a":{"type":"union","value":[{"type":"y"}]}}})",
                   "Unknown validator type \"y\" at a.0"},
           BadType{R"({"type":"object","value":[]})",
                   "an object validator must have an object of validators as \"value\""},
           BadType{R"({"type":"union"})",
                   "a union validator must have an array of validators as \"value\""},
           BadType{R"({"type":"record","keys":{"type":"string"}})",
                   "a validator is missing at values"},
           BadType{R"({"type":"id","tableName":""})",
                   "an id validator must name its table in \"tableName\""},
           BadType{R"({"type":"literal","value":null})",
                   "a literal validator must have a text, number or boolean as \"value\""},
       }) {
    const auto type = parse_type(json(text));
    ASSERT_FALSE(type.has_value()) << text;
    EXPECT_EQ(type.error().message(), message);
    EXPECT_EQ(type.error().code(), ErrorCode::InvalidArgument);
  }
}

Value nested_arrays(int levels) {
  Value type = Object{{"type", "any"}};
  for (int level = 1; level < levels; ++level) {
    type = Object{{"type", "array"}, {"value", std::move(type)}};
  }
  return type;
}

TEST(ParseType, LimitsTheDepth) {
  EXPECT_TRUE(parse_type(nested_arrays(32)).has_value());
  const auto beyond = parse_type(nested_arrays(33));
  ASSERT_FALSE(beyond.has_value());
  EXPECT_EQ(beyond.error().code(), ErrorCode::LimitExceeded);
}

TEST(Type, ComparesShapeNamesAndLiterals) {
  EXPECT_NE(*type_of("string"), *type_of("number"));
  EXPECT_NE(*type_of(R"({"type":"id","tableName":"a"})"),
            *type_of(R"({"type":"id","tableName":"b"})"));
  EXPECT_NE(*type_of(R"({"type":"literal","value":1})"),
            *type_of(R"({"type":"literal","value":"1"})"));
  EXPECT_NE(*type_of(R"({"type":"object","value":{"a":{"type":"null"}}})"),
            *type_of(R"({"type":"object","value":{"b":{"type":"null"}}})"));
  EXPECT_NE(*type_of(R"({"type":"array","value":{"type":"null"}})"),
            *type_of(R"({"type":"array","value":{"type":"any"}})"));
}

TEST(Type, KnowsWhetherItAcceptsNull) {
  EXPECT_TRUE(type_of("null")->accepts_null());
  EXPECT_TRUE(type_of("any")->accepts_null());
  EXPECT_FALSE(type_of("string")->accepts_null());
  EXPECT_FALSE(type_of(R"({"type":"optional","value":{"type":"string"}})")->accepts_null());
  const TypePtr nullable = Type::one_of({type_of("string"), type_of("null")});
  EXPECT_TRUE(nullable->accepts_null());
  EXPECT_TRUE(Type::optional(nullable)->accepts_null());
  EXPECT_FALSE(Type::array(nullable)->accepts_null());
}

struct TypeScript {
  std::string_view type;
  std::string_view text;
};

TEST(TypescriptOf, PrintsEveryKind) {
  for (const auto& [text, expected] : {
           TypeScript{"string", "string"},
           TypeScript{"number", "number"},
           TypeScript{"float64", "number"},
           TypeScript{"int64", "number | bigint"},
           TypeScript{"boolean", "boolean"},
           TypeScript{"null", "null"},
           TypeScript{"any", "any"},
           TypeScript{"bytes", "ArrayBuffer"},
           TypeScript{R"({"type":"id","tableName":"t"})", R"(Id<"t">)"},
           TypeScript{R"({"type":"literal","value":"a\"\n"})", R"("a\"\n")"},
           TypeScript{R"({"type":"literal","value":42})", "42"},
           TypeScript{R"({"type":"literal","value":-1.5})", "-1.5"},
           TypeScript{R"({"type":"literal","value":true})", "true"},
           TypeScript{R"({"type":"object","value":{}})", "{}"},
           TypeScript{R"({"type":"object","value":{"a":{"type":"string"},
                         "b-c":{"type":"optional","value":{"type":"int64"}}}})",
                      R"({ a: string, "b-c"?: number | bigint })"},
           TypeScript{R"({"type":"array","value":{"type":"string"}})", "string[]"},
           TypeScript{R"({"type":"array","value":{"type":"int64"}})", "(number | bigint)[]"},
           TypeScript{R"({"type":"array","value":{"type":"union",
                         "value":[{"type":"string"},{"type":"null"}]}})",
                      "(string | null)[]"},
           TypeScript{R"({"type":"array","value":{"type":"union","value":[{"type":"string"}]}})",
                      "string[]"},
           TypeScript{R"({"type":"array","value":{"type":"optional","value":{"type":"any"}}})",
                      "(any | undefined)[]"},
           TypeScript{R"({"type":"union","value":[]})", "never"},
           TypeScript{R"({"type":"optional","value":{"type":"string"}})", "string | undefined"},
           TypeScript{R"({"type":"record","keys":{"type":"string"},"values":{"type":"number"}})",
                      "Record<string, number>"},
       }) {
    EXPECT_EQ(typescript_of(*type_of(text)), expected) << text;
  }
}

struct Storage {
  std::string_view type;
  StorageClass storage;
};

TypePtr union_of(std::initializer_list<std::string_view> members) {
  std::vector<TypePtr> types;
  for (const std::string_view member : members)
    types.push_back(type_of(member));
  return Type::one_of(std::move(types));
}

TEST(StorageClassOf, FollowsTheTypesOfTheValues) {
  for (const auto& [text, storage] : {
           Storage{"string", StorageClass::Text},
           Storage{R"({"type":"id","tableName":"t"})", StorageClass::Text},
           Storage{R"({"type":"literal","value":"x"})", StorageClass::Text},
           Storage{"number", StorageClass::Real},
           Storage{"float64", StorageClass::Real},
           Storage{R"({"type":"literal","value":1})", StorageClass::Real},
           Storage{"int64", StorageClass::Integer},
           Storage{"boolean", StorageClass::Boolean},
           Storage{R"({"type":"literal","value":true})", StorageClass::Boolean},
           Storage{"bytes", StorageClass::Blob},
           Storage{"null", StorageClass::Scalar},
           Storage{"any", StorageClass::Json},
           Storage{R"({"type":"object","value":{}})", StorageClass::Json},
           Storage{R"({"type":"array","value":{"type":"string"}})", StorageClass::Json},
       }) {
    const TypePtr type = type_of(text);
    EXPECT_EQ(storage_class_of(*type), storage) << text;
    EXPECT_EQ(storage_class_of(*Type::optional(type)), storage) << text;
    EXPECT_EQ(storage_class_of(*Type::one_of({type, type_of("null")})), storage) << text;
  }
}

TEST(StorageClassOf, KeepsUnionsOfScalarsComparable) {
  EXPECT_EQ(storage_class_of(*union_of({"string", "number"})), StorageClass::Scalar);
  EXPECT_EQ(storage_class_of(*union_of({"int64", "number", "null"})), StorageClass::Scalar);
  EXPECT_EQ(storage_class_of(*union_of({"boolean", "bytes"})), StorageClass::Scalar);
  EXPECT_EQ(storage_class_of(*union_of({"number", "float64"})), StorageClass::Real);
  // 1 and true would be the same column value.
  EXPECT_EQ(storage_class_of(*union_of({"int64", "boolean"})), StorageClass::Json);
  EXPECT_EQ(storage_class_of(*union_of({"string", "any"})), StorageClass::Json);
}

}  // namespace
}  // namespace moonstone::schema
