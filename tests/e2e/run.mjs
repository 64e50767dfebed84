// The end-to-end tests: the built binary, real clients, a real browser.
//
//   MOONSTONE_BIN=build/release/bin/moonstone node tests/e2e/run.mjs [part of a test's name]
//
// Prints `N passed, N failed` at the end. Screenshots go to $MOONSTONE_BUILD/e2e.
import { closeBrowser } from "./lib/browser.mjs";
import { runTests } from "./lib/runner.mjs";
import { test as apps } from "./apps.mjs";
import { test as atlas } from "./atlas.mjs";
import { test as crash } from "./crash.mjs";
import { test as seedQuickstart } from "./seed_quickstart.mjs";
import { test as shutdown } from "./shutdown.mjs";
import { test as ssr } from "./ssr.mjs";
import { test as swap } from "./swap.mjs";
import { test as tasks } from "./tasks.mjs";

const tests = {
  ...shutdown,
  ...crash,
  ...swap,
  ...apps,
  ...atlas,
  ...ssr,
  ...seedQuickstart,
  ...tasks,
};
const failed = await runTests(tests, process.argv[2] ?? "", closeBrowser);
process.exit(failed === 0 ? 0 : 1);
