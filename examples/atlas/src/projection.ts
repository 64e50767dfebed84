/** Where people live; no city of the world lies beyond. */
const NORTH = 80;
const SOUTH = -57;

/** The map in its own units: the longitudes are as wide as they are in degrees. */
export const MAP_WIDTH = 360;
export const MAP_HEIGHT = miller(NORTH) - miller(SOUTH);

export function mapX(lng: number): number {
  return lng + 180;
}

export function mapY(lat: number): number {
  return miller(NORTH) - miller(Math.min(NORTH, Math.max(SOUTH, lat)));
}

// Miller's projection: shapes as in Mercator's near the equator, without its giant north.
function miller(lat: number): number {
  const radians = (lat * Math.PI) / 180;
  return (1.25 * Math.log(Math.tan(Math.PI / 4 + 0.4 * radians)) * 180) / Math.PI;
}
