#!/usr/bin/env python3
# Moonstone. Licence: see LICENSE.
"""Tests of the checks themselves: tools/tidy, tools/layers, and the counting of tools/test.

Each rule is shown a small tree that breaks it, because a check that never fires looks like a clean
house.
"""

import importlib.machinery
import importlib.util
import pathlib
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
LICENCE = "// Moonstone. Licence: see LICENSE.\n"


def load(name):
    sys.dont_write_bytecode = True
    loader = importlib.machinery.SourceFileLoader(f"tool_{name}", str(ROOT / "tools" / name))
    spec = importlib.util.spec_from_loader(loader.name, loader)
    module = importlib.util.module_from_spec(spec)
    loader.exec_module(module)
    return module


class Tree:
    """A small git tree in a temporary folder."""

    def __init__(self, files):
        self.folder = tempfile.TemporaryDirectory()
        self.root = pathlib.Path(self.folder.name)
        subprocess.run(["git", "init", "-q", str(self.root)], check=True)
        for path, text in files.items():
            file = self.root / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)

    def run(self, tool, *arguments):
        return subprocess.run([sys.executable, str(ROOT / "tools" / tool), *arguments],
                              capture_output=True, text=True, cwd=self.root)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.folder.cleanup()


class TidyTest(unittest.TestCase):
    def check(self, files, *expected):
        """Expects exactly these (rule, path) findings."""
        with Tree(files) as tree:
            result = tree.run("tidy", "--root", str(tree.root))
        found = []
        for line in result.stdout.splitlines():
            path, _, rest = line.partition(":")
            found.append((rest.partition("[")[2].partition("]")[0], path))
        self.assertEqual(sorted(found), sorted(expected), result.stdout + result.stderr)
        self.assertEqual(result.returncode, 1 if expected else 0)

    def check_source(self, body, *rules, path="src/query/a.cc"):
        files = {path: LICENCE + body}
        if path.endswith((".cc", ".h")):
            folder, _, name = path.rpartition("/")
            files[folder + "/CMakeLists.txt"] = f"ms_module(x SOURCES {name})\n"
        self.check(files, *[(rule, path) for rule in rules])

    def test_a_clean_file_passes(self):
        self.check_source("#include <string>\nint f() { return 1; }\n")

    def test_licence_line(self):
        self.check({"src/q/a.cc": "int a;\n", "src/q/CMakeLists.txt": "x(a.cc)"},
                   ("licence", "src/q/a.cc"))
        self.check({"tools/x": "#!/usr/bin/env bash\ntrue\n"}, ("licence", "tools/x"))

    def test_long_line_but_not_in_a_raw_string(self):
        long = "x" * 101
        self.check_source(f"// {long}\n", "line")
        self.check_source(f'const char* k = R"(\n{long}\n)";\n')

    def test_function_at_the_limit_and_above(self):
        for lines, rules in ((68, []), (69, ["function"])):
            body = "namespace m {\nvoid C::f(int a) const {\n" + "  a();\n" * lines + "  {}\n}\n}\n"
            self.check_source(body, *rules)

    def test_function_after_member_initialisers(self):
        body = "C::C(int a) : a_{a}, b_{std::vector<int>{1}} {\n" + "  a();\n" * 71 + "}\n"
        self.check_source(body, "function")

    def test_types_and_namespaces_are_not_functions(self):
        filler = "  int a(int b = int{1});\n" * 80
        self.check_source("namespace m::n {\nclass MS_CAP(1) C final : public B<int> {\n" + filler +
                          "};\nenum class E : int {\n" + "  A,\n" * 80 + "};\n}\n")
        self.check_source("constexpr int kTable[] = {\n" + "  f(1),\n" * 80 + "};\n")

    def test_braces_in_strings_comments_and_characters(self):
        body = ("void f() {\n  a('{', \"{\", R\"x({)x\");  // {\n  /* { */ b(1'000'000);\n}\n" * 3 +
                "  \n" * 80 + "int g;\n")
        self.check_source(body)

    def test_file_limit(self):
        self.check_source("int a;\n" * 600, "file")
        self.check_source("int a;\n" * 599)
        self.check_source("#pragma once\n" + "int a;\n" * 299, "file", path="src/query/a.h")

    def test_banned_calls(self):
        for call, rule in (("std::cout << 1;", "print"), ('printf("");', "print"),
                           ("auto a = std::chrono::system_clock::now();", "clock"),
                           ("std::this_thread::sleep_for(a);", "sleep"),
                           ("std::random_device a;", "random"), ("using namespace std;", "using"),
                           ("std::regex a;", "regex")):
            self.check_source(f"void f() {{ {call} }}\n", rule)
            self.check_source(f'// {call}\nauto a = R"({call})";\n')
        self.check_source("void f() { std::cout << 1; }\n", path="src/cli/a.cc")
        self.check_source('void f() { snprintf(""); log.printf(""); }\n')

    def test_banned_includes(self):
        for include, path in (("<boost/asio.hpp>", "src/live/a.cc"), ("<v8.h>", "src/live/a.cc"),
                              ("<boost/asio.hpp>", "src/server/a.h"),
                              ("<sqlite3.h>", "src/store/a.cc"), ("<regex>", "src/base/a.cc"),
                              ("<mutex>", "src/live/a.h"), ("<openssl/evp.h>", "src/live/a.cc")):
            rules = ["include"]
            if "boost" in include and path.endswith(".h"):
                rules.append("include")  # one for Asio, one for Boost in a header
            self.check_source(f"#pragma once\n#include {include}\n", *rules, path=path)
        for include, path in (("<boost/asio.hpp>", "src/server/a.cc"),
                              ("<v8.h>", "src/runtime/a.h"), ("<mutex>", "src/live/a.cc"),
                              ("<sqlite3.h>", "src/store/sqlite/internal/a.h")):
            self.check_source(f"#pragma once\n#include {include}\n", path=path)

    def test_own_header_comes_first(self):
        self.check({"src/q/a.h": LICENCE + "#pragma once\n",
                    "src/q/a.cc": LICENCE + '#include <string>\n#include "q/a.h"\n',
                    "src/q/CMakeLists.txt": "x(a.h a.cc)"}, ("include", "src/q/a.cc"))

    def test_files_that_nothing_builds(self):
        self.check({"src/q/a.cc": LICENCE, "src/q/CMakeLists.txt": "ms_module(q) # a.cc"},
                   ("unlisted", "src/q/a.cc"))
        self.check({"src/q/sub/a.h": LICENCE + "#pragma once\n",
                    "src/q/CMakeLists.txt": "ms_module(q HEADERS sub/a.h)"})

    def test_markdown(self):
        self.check({"a.md": "text\n"}, ("title", "a.md"))
        self.check({"a.md": "# A\n# B\n"}, ("title", "a.md"))
        self.check({"a.md": "# A\n```\n# not a title\n```\n[b](b.md)\n"}, ("link", "a.md"))
        self.check({"a.md": "# A\n[b](b.md#x) [c](https://example.org) [d](#e) `[f](g)`\n",
                    "b.md": "# B\n"})

    def test_changelog_fragments(self):
        self.check({"changes/added/live-queries.md": "Live queries.\n"})
        self.check({"changes/new/x.md": "Text.\n"}, ("fragment", "changes/new/x.md"))
        self.check({"changes/fixed/x.md": "a\n" * 4}, ("fragment", "changes/fixed/x.md"))

    def test_marks(self):
        for mark in ("TODO(now): a", "TODO a", "FIXME", "XXX"):
            self.check_source(f"// {mark}\n", "mark")
        self.check_source("// TODO(perf): a\n")

    def test_machine_paths_and_registries(self):
        self.check({"a.md": "# A\n/ro" "ot/x\n"}, ("path", "a.md"))
        self.check({"package-lock.json": '{"resolved": "https://regis' 'try.example.org/x"}'},
                   ("registry", "package-lock.json"))

    def test_exceptions_excuse_and_wear_out(self):
        files = {"src/q/a.cc": LICENCE + "int a;\n" * 700, "src/q/CMakeLists.txt": "x(a.cc)",
                 "tools/tidy_exceptions": "file src/q/a.cc  generated table\n"}
        self.check(files)
        files["src/q/a.cc"] = LICENCE
        self.check(files, ("exception", "tools/tidy_exceptions"))


class LayersTest(unittest.TestCase):
    MAP = "base|base|\nquery|query|base\nstore|store|query\nstore_sqlite|store/sqlite|store\n"

    def check(self, module, path, include, expected):
        files = {"map": self.MAP, path: f'#include <string>\n#include "{include}"\n',
                 "src/base/a.h": "", "src/runtime/a.h": ""}
        with Tree(files) as tree:
            result = tree.run("layers", "--root", ".", "--map", "map", "--module", module,
                              "--stamp", "stamp", path)
            stamped = (tree.root / "stamp").exists()
        self.assertEqual(result.returncode, 1 if expected else 0, result.stderr)
        self.assertEqual(stamped, not expected)
        if expected:
            self.assertIn(expected, result.stderr)
            self.assertIn(f"{path}:2:", result.stderr)

    def test_edges(self):
        self.check("query", "src/query/a.cc", "base/b.h", None)
        self.check("store", "src/store/a.cc", "base/b.h", None)
        self.check("base", "src/base/a.cc", "query/b.h", "illegal edge base -> query")
        self.check("store", "src/store/a.cc", "store/sqlite/b.h", "store -> store_sqlite")
        self.check("base", "src/base/a.cc", "runtime/b.h", "illegal edge base -> runtime")
        self.check("query", "src/query/a.cc", "moonstone/database.h", "query -> embed")

    def test_internal_headers(self):
        self.check("query", "src/query/a.cc", "query/internal/b.h", None)
        self.check("query", "src/query/a.cc", "base/internal/b.h", "internal header of base")

    def test_paths(self):
        self.check("query", "src/query/a.cc", "../base/b.h", "relative include")
        self.check("query", "src/query/a.cc", "b.h", "in no module")


class SummaryTest(unittest.TestCase):
    def setUp(self):
        self.tool = load("test")

    def test_counts(self):
        count = self.tool.count_output
        self.assertEqual(count(" Test Files  2 passed (2)\n      Tests  12 passed (12)\n"), (12, 0))
        self.assertEqual(count("      Tests  2 failed | 3 passed | 1 skipped (6)\n"), (3, 2))
        self.assertEqual(count("\x1b[2m   Tests \x1b[22m \x1b[32m4 passed\x1b[39m (4)\n"), (4, 0))
        self.assertEqual(count("# tests 5\n# pass 4\n# fail 1\n"), (4, 1))
        self.assertEqual(count("ℹ pass 4\nℹ fail 0\n"), (4, 0))
        self.assertEqual(count("x\n7 passed, 1 failed\n"), (7, 1))
        self.assertIsNone(count("all good\n"))

    def test_a_suite_is_never_greener_than_its_exit_code(self):
        judge = self.tool.judge
        for exit_code, counts, expected in ((0, (3, 0), (3, 0)), (1, (3, 0), (3, 1)),
                                            (1, (3, 2), (3, 2)), (0, (0, 0), (0, 1)),
                                            (0, None, (0, 1))):
            suite = judge("x", exit_code, counts)
            self.assertEqual((suite.passed, suite.failed), expected)


if __name__ == "__main__":
    unittest.main()
