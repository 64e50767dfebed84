// Runs tests one after the other, each with a time limit and with its own clean-up.
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** Generous: machines that run tests are loaded. A test that waits waits for a condition. */
const TEST_TIMEOUT_MS = 300_000;
const ARTEFACTS = join(resolve(process.env.MOONSTONE_BUILD ?? "build/release"), "e2e");

/** What a test gets: folders, and a place to register what must happen after it. */
class TestContext {
  #cleanUps = [];

  /** The last one registered runs first, whether the test passed or not. */
  after(cleanUp) {
    this.#cleanUps.push(cleanUp);
  }

  /** A new empty folder, removed after the test. */
  folder() {
    const path = mkdtempSync(join(tmpdir(), "moonstone-e2e-"));
    this.after(() => rmSync(path, { recursive: true, force: true, maxRetries: 3 }));
    return path;
  }

  /** Where a file to look at after the run goes. */
  artefact(name) {
    mkdirSync(ARTEFACTS, { recursive: true });
    return join(ARTEFACTS, name);
  }

  async cleanUp() {
    for (const cleanUp of this.#cleanUps.reverse()) {
      try {
        await cleanUp();
      } catch (error) {
        console.error(`    clean-up: ${error.message}`);
      }
    }
  }
}

async function runTest(test) {
  const context = new TestContext();
  let timer;
  const limit = new Promise((_, reject) => {
    const late = () => reject(new Error(`not finished after ${TEST_TIMEOUT_MS / 1000} s`));
    timer = setTimeout(late, TEST_TIMEOUT_MS);
  });
  try {
    await Promise.race([test(context), limit]);
  } finally {
    clearTimeout(timer);
    await context.cleanUp();
  }
}

/** A test throws this when the machine lacks something that is no part of what it tests. */
export class Skipped extends Error {}

/** Runs the tests whose name contains `filter`. Returns how many failed; running none is failing. */
export async function runTests(tests, filter, atTheEnd) {
  if (process.env.MOONSTONE_BIN === undefined) {
    console.error("tests/e2e: set MOONSTONE_BIN to the binary that is to be tested");
    return 1;
  }
  let passed = 0;
  let failed = 0;
  for (const [name, test] of Object.entries(tests)) {
    if (!name.includes(filter)) continue;
    const start = Date.now();
    const time = () => `(${((Date.now() - start) / 1000).toFixed(1)} s)`;
    try {
      await runTest(test);
      passed++;
      console.log(`ok      ${name} ${time()}`);
    } catch (error) {
      if (error instanceof Skipped) {
        console.log(`skipped ${name}: ${error.message}`);
        continue;
      }
      failed++;
      console.log(`FAILED  ${name} ${time()}\n${indented(error.stack ?? String(error))}`);
    }
  }
  await atTheEnd();
  console.log(`${passed} passed, ${failed} failed`);
  return passed === 0 ? 1 : failed;
}

function indented(text) {
  return text.replace(/^/gm, "        ");
}
