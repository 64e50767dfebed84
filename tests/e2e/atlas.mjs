import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import { openWindow } from "./lib/browser.mjs";
import { MOONSTONE, query, ROOT } from "./lib/moonstone.mjs";
import { start } from "./lib/process.mjs";

const LIMIT = 3000;

/** Starts the demo as `make demo` does, with its data in a folder of the test. */
async function startDemo(t, folder) {
  const demo = start(t, join(ROOT, "examples/atlas/run"), [], {
    env: {
      ...process.env,
      MOONSTONE_BIN: MOONSTONE,
      PORT: "0",
      ATLAS_DIR: folder,
      ATLAS_LIMIT: String(LIMIT),
    },
  });
  const address = await demo.waitForOutput(/Atlas with ([\d,]+) cities: http:\/\/[^\s:]+:(\d+)/);
  demo.cities = address[1];
  demo.url = `http://127.0.0.1:${address[2]}`;
  return demo;
}

function folderOfDemo(t) {
  const folder = t.folder();
  cpSync(join(ROOT, "examples/atlas/moonstone"), join(folder, "moonstone"), { recursive: true });
  return folder;
}

const inList = (page, list) => page.getByRole("list", { name: list, exact: true });

export const test = {
  "atlas: import, two windows see each other's stars, words and names": async (t) => {
    const demo = await startDemo(t, folderOfDemo(t));
    assert.equal(demo.cities, "3,000");
    const ada = await openWindow(t, demo.url, { colorScheme: "dark" });
    const bob = await openWindow(t, demo.url);
    await ada.getByLabel("Your name").fill("Ada");
    await bob.getByLabel("Your name").fill("Bob");
    await bob.getByTestId("rows").getByText("3,000").waitFor();

    // Both look at the same country; Bob also searches, and stands on another latitude.
    for (const page of [ada, bob])
      await page.getByLabel("Country", { exact: true }).selectOption("DE");
    const first = inList(ada, "Cities in Germany").getByRole("listitem").first();
    const name = await first.locator(".name").innerText();
    await bob.getByLabel("Name starts with").fill(name);
    await inList(bob, "Cities found by name").getByText(name, { exact: true }).first().waitFor();

    // A star appears in the other window, with its entry in the feed.
    await first.getByRole("button", { name: `Star ${name}`, exact: true }).click();
    await inList(bob, "Favourites").getByText(name, { exact: true }).waitFor();
    await inList(bob, "Activity").getByText(`starred ${name}`).waitFor();
    const pressed = { name: `Star ${name}`, exact: true, pressed: true };
    await inList(bob, "Cities in Germany").getByRole("button", pressed).first().waitFor();

    // A message goes the other way; markup stays text.
    await bob.getByLabel("Message", { exact: true }).fill("Nice <i>choice</i>, Ada");
    await bob.getByRole("button", { name: "Send", exact: true }).click();
    await inList(ada, "Activity").getByText("Nice <i>choice</i>, Ada").waitFor();

    // A new name and a note change every list that has the city.
    const renamed = `${name} (new)`;
    await first.hover();
    await first.getByRole("button", { name: `Edit ${name}`, exact: true }).click();
    const form = ada.getByRole("form", { name: `Edit ${name}`, exact: true });
    await form.getByLabel("Name").fill(renamed);
    await form.getByLabel("Note").fill("Seen in two windows");
    await form.getByRole("button", { name: "Save" }).click();
    for (const list of ["Cities in Germany", "Cities found by name", "Favourites"]) {
      await inList(bob, list).getByText(renamed, { exact: true }).waitFor();
    }
    await inList(bob, "Favourites").getByText("Seen in two windows").waitFor();
    await inList(bob, "Activity").getByText(`renamed ${name} to ${renamed}`).waitFor();
    await ada.screenshot({ path: t.artefact("atlas-ada.png") });
    await bob.screenshot({ path: t.artefact("atlas-bob.png") });

    // Taking the star off empties the other's list.
    await inList(bob, "Favourites")
      .getByRole("button", { name: `Star ${renamed}`, exact: true })
      .click();
    await ada.getByText("Everybody who has this page open").waitFor();
    assert.deepEqual([...ada.problems, ...bob.problems], []);
  },

  "atlas: sliders move a live list, refusals are shown": async (t) => {
    const demo = await startDemo(t, folderOfDemo(t));
    const page = await openWindow(t, demo.url);
    await page.getByLabel("Northern edge").fill("-20");
    await page.getByLabel("Southern edge").fill("-30");
    const expected = await query(demo, "cities:betweenLatitudes", { south: -30, north: -20 });
    assert.ok(expected.total > 0);
    const panel = page.getByRole("region", { name: "By latitude" });
    await panel.getByText(String(expected.total), { exact: true }).waitFor();
    const rows = panel.locator(".name");
    await rows.first().waitFor();
    const names = expected.cities.map((city) => city.name);
    await page.waitForFunction(
      ([selector, wanted]) =>
        JSON.stringify([...document.querySelectorAll(selector)].map((e) => e.textContent)) ===
        wanted,
      ["[aria-label='By latitude'] .name", JSON.stringify(names)],
    );

    // What a function refuses is said on the page.
    await page.getByLabel("Your name").fill("");
    await panel
      .getByRole("button", { name: /^Star / })
      .first()
      .click();
    await page.getByRole("alert").getByText("Your name must not be empty").waitFor();
    assert.deepEqual(page.problems, []);
  },

  "atlas: a second start imports nothing, Ctrl-C exits with 0": async (t) => {
    const folder = folderOfDemo(t);
    const first = await startDemo(t, folder);
    assert.match(first.output, /100%/);
    assert.equal(await first.end("SIGINT"), 0, first.output);
    const second = await startDemo(t, folder);
    assert.doesNotMatch(second.output, /%/);
    const countries = await query(second, "countries:list");
    const cities = countries.reduce((sum, country) => sum + country.cities, 0);
    assert.equal(cities, LIMIT);
    assert.equal(await second.end("SIGTERM"), 0, second.output);
  },
};
