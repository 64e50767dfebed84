// Installing packages as a user would.
import { run } from "./process.mjs";
import { Skipped } from "./runner.mjs";

const NPM = ["install", "--prefer-offline", "--no-audit", "--no-fund"];
const OFFLINE = /ENOTFOUND|ENOTCACHED|EAI_AGAIN|ETIMEDOUT|ECONNREFUSED|ECONNRESET/;

/** `npm install` in a folder; skips the test where npm reaches no registry and has no cache. */
export async function installOrSkip(t, folder, packages = []) {
  try {
    await run(t, "npm", [...NPM, ...packages], { cwd: folder });
  } catch (error) {
    if (OFFLINE.test(error.message)) throw new Skipped("npm cannot reach its registry");
    throw error;
  }
}
