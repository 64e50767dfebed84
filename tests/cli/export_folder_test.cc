// Moonstone. Licence: see LICENSE.
// Names that come from elsewhere become paths inside the folder of an export, or nothing.
#include "cli/export_folder.h"

#include <gtest/gtest.h>

namespace moonstone::cli {
namespace {

TEST(ExportFolder, NamesBecomePaths) {
  EXPECT_EQ(table_file("out", "notes").value(), "out/tables/notes.jsonl");
  EXPECT_EQ(table_file("out", "_tag_user").value(), "out/tables/_tag_user.jsonl");
  EXPECT_EQ(content_file("out", "_storage/01234567-89ab-cdef-0123-456789abcdef").value(),
            "out/files/01234567-89ab-cdef-0123-456789abcdef");
  EXPECT_EQ(files_list("out"), "out/files.jsonl");
  EXPECT_EQ(export_manifest("out"), "out/export.json");
}

TEST(ExportFolder, NoNameLeadsOutOfTheFolder) {
  for (const char* const name :
       {"", ".", "..", "../x", "a/b", "/etc/passwd", "a\nb", "_storage", "_/x_y"})
    EXPECT_FALSE(table_file("out", name)) << name;
  for (const char* const id : {"", "_storage/", "_storage/..", "_storage/../../etc/passwd", "x",
                               "_storage/a/b", "/etc/passwd", "_storage/0123"})
    EXPECT_FALSE(content_file("out", id)) << id;
}

}  // namespace
}  // namespace moonstone::cli
