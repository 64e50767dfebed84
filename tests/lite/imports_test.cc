// Moonstone. Licence: see LICENSE.
//
// Files and imports, without a disk but for the last test. Source: litestone.md 3.5
#include <map>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "tests/lite/schema_text.h"

namespace moonstone::lite {
namespace {

/// Files in memory, and how often each was read.
class Files {
 public:
  explicit Files(std::map<std::string, std::string> files) : files_(std::move(files)) {}

  ParseResult parse(const std::string& path, const ParseOptions& options = {}) {
    return parse_file(path, options, [this](const std::string& name, std::size_t bytes_max) {
      return read(name, bytes_max);
    });
  }
  [[nodiscard]] int reads_of(const std::string& path) const { return reads_.at(path); }

 private:
  Result<std::string> read(const std::string& path, std::size_t bytes_max) {
    ++reads_[path];
    const auto found = files_.find(path);
    if (found == files_.end()) return Error(ErrorCode::NotFound, "nothing here");
    if (found->second.size() > bytes_max) return Error(ErrorCode::LimitExceeded, "too long");
    return found->second;
  }

  std::map<std::string, std::string> files_;
  std::map<std::string, int> reads_;
};

std::string model_names_of(const Schema& schema) {
  std::string names;
  for (const Model& model : schema.models)
    names += model.name + ' ';
  return names;
}

TEST(LiteImportsTest, ImportedDeclarationsComeFirstAndDepthFirst) {
  Files files({{"app/schema.lite",
                "import './models/b.lite'\nmodel A { id Int }\nimport "
                "'c.lite'"},
               {"app/models/b.lite", "import '../d.lite' model B { id Int e E }"},
               {"app/c.lite", "model C { id Int }"},
               {"app/d.lite", "enum E { x } model D { id Int }"}});
  const ParseResult result = files.parse("app/schema.lite");
  ASSERT_TRUE(result.valid) << lines_of(result.errors);
  EXPECT_EQ(model_names_of(*result.schema), "D B C A ");
  EXPECT_TRUE(result.schema->imports.empty());
  EXPECT_EQ(result.files, (std::vector<std::string>{"app/schema.lite", "app/models/b.lite",
                                                    "app/d.lite", "app/c.lite"}));
  EXPECT_EQ(result.schema->models.at(1).position.file, 1U);
}

TEST(LiteImportsTest, EveryFileIsReadOnceAndCyclesAreHarmless) {
  Files files({{"a.lite",
                "import 'b.lite' import './x/../b.lite' import 'a.lite' model A { id Int "
                "}"},
               {"b.lite", "import 'a.lite' model B { id Int }"}});
  const ParseResult result = files.parse("./a.lite");
  ASSERT_TRUE(result.valid) << lines_of(result.errors);
  EXPECT_EQ(model_names_of(*result.schema), "B A ");
  EXPECT_EQ(files.reads_of("a.lite"), 1);
  EXPECT_EQ(files.reads_of("b.lite"), 1);
}

TEST(LiteImportsTest, AFileThatCannotBeReadIsNamed) {
  Files files({{"a.lite", "import 'nope.lite' import 'b.lite' model A { id Int }"},
               {"b.lite", "model B {"}});
  EXPECT_EQ(lines_of(files.parse("gone.lite").errors), "Cannot read file: gone.lite\n");
  EXPECT_EQ(lines_of(files.parse("a.lite").errors),
            "Cannot read file: nope.lite\n"
            "In b.lite: Expected a field, an attribute or '}', got the end of the schema (line 1, "
            "col 10)\n");
}

TEST(LiteImportsTest, DatabasesAndOtherBinaryFilesAreRecognised) {
  Files files({{"app.db", std::string("SQLite format 3\0 and more", 25)},
               {"a.png", std::string("x\0y", 3)},
               {"late.lite", "model A { id Int } //" + std::string(600, ' ') + '\0'}});
  EXPECT_EQ(
      lines_of(files.parse("app.db").errors),
      "app.db is an SQLite database, not a schema. Are the schema and the db path swapped?\n");
  EXPECT_EQ(lines_of(files.parse("a.png").errors), "a.png is a binary file, not a schema\n");
  EXPECT_TRUE(files.parse("late.lite").valid);
}

TEST(LiteImportsTest, ATokenErrorNamesItsFile) {
  Files files({{"a.lite", "import 'b.lite' model A { id Int }"}, {"b.lite", "model B { # }"}});
  const ParseResult result = files.parse("a.lite");
  ASSERT_TRUE(result.token_error.has_value());
  EXPECT_EQ(result.token_error->text,
            "In b.lite: Unexpected character '#' (line 1, col 11)\n"
            "  model B { # }\n            ^ (line 1, col 11)");
  EXPECT_EQ(result.token_error->position.file, 1U);
  EXPECT_FALSE(result.schema.has_value());
}

TEST(LiteImportsTest, ErrorsOfValidationKnowTheirFile) {
  Files files({{"a.lite", "import 'b.lite' model A { id Nope }"},
               {"b.lite", "database x { path 'p' driver mysql }"}});
  const ParseResult result = files.parse("a.lite");
  ASSERT_EQ(result.errors.size(), 2U);
  EXPECT_EQ(result.errors[0].position.file, 1U);
  EXPECT_EQ(result.errors[1].position.file, 0U);
}

TEST(LiteImportsTest, ParseKeepsImportsUnread) {
  const Schema schema = parse_valid("import './a.lite' import \"b.lite\"");
  EXPECT_EQ(schema.imports, (std::vector<std::string>{"./a.lite", "b.lite"}));
}

TEST(LiteImportsTest, LimitsOfFiles) {
  std::map<std::string, std::string> chain;
  for (int i = 0; i < 5; ++i) {
    chain[std::to_string(i) + ".lite"] = "import '" + std::to_string(i + 1) + ".lite'";
  }
  chain["5.lite"] = "model A { id Int }";
  ParseOptions options;
  options.limits.import_depth_max = 6;
  EXPECT_TRUE(Files(chain).parse("0.lite", options).valid);
  options.limits.import_depth_max = 5;
  EXPECT_EQ(lines_of(Files(chain).parse("0.lite", options).errors),
            "Imports lead more than 5 files deep\n");
  options.limits = {};
  options.limits.files_max = 6;
  EXPECT_TRUE(Files(chain).parse("0.lite", options).valid);
  options.limits.files_max = 5;
  EXPECT_EQ(lines_of(Files(chain).parse("0.lite", options).errors),
            "The schema has more than 5 files\n");
  options.limits = {};
  options.limits.file_bytes_max = chain["5.lite"].size();
  EXPECT_TRUE(Files(chain).parse("0.lite", options).valid);
  options.limits.file_bytes_max -= 1;
  EXPECT_EQ(lines_of(Files(chain).parse("0.lite", options).errors),
            "5.lite has more than 17 bytes\n");
  options.limits = {};
  options.limits.all_bytes_max = 5 * chain["0.lite"].size() + chain["5.lite"].size();
  EXPECT_TRUE(Files(chain).parse("0.lite", options).valid);
  options.limits.all_bytes_max -= 1;
  EXPECT_FALSE(Files(chain).parse("0.lite", options).valid);
}

TEST(LiteImportsTest, FilesOnTheDisk) {
  const std::string folder = std::string(MS_SOURCE_DIR) + "/tests/lite/golden/";
  EXPECT_TRUE(parse_file(folder + "everything.lite").valid);
  EXPECT_EQ(lines_of(parse_file(folder + "none.lite").errors),
            "Cannot read file: " + folder + "none.lite\n");
  EXPECT_EQ(lines_of(parse_file(folder).errors), "Cannot read file: " + folder + "\n")
      << "a folder is no file";
  EXPECT_EQ(read_file(folder + "everything.lite", 10).error().code(), ErrorCode::LimitExceeded);
}

}  // namespace
}  // namespace moonstone::lite
