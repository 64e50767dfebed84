import { useEffect, useRef } from "react";
import type { CSSProperties, ReactElement } from "react";
import { columns, levels, rows } from "virtual:world";
import { countryName } from "./cities";
import type { City } from "./cities";
import type { Band } from "./LatitudePanel";
import { MAP_HEIGHT, MAP_WIDTH, mapX, mapY } from "./projection";

interface Layer {
  name: string;
  cities: City[];
}

interface WorldMapProps {
  band: Band;
  focus: City | undefined;
  /** The later ones lie above the earlier ones. */
  layers: Layer[];
}

/** All cities as a ground of light, those of the live lists as dots in the colours of their lists. */
export function WorldMap({ band, focus, layers }: WorldMapProps): ReactElement {
  const top = mapY(band.north);
  const shown = layers.reduce((sum, layer) => sum + layer.cities.length, 0);
  return (
    <figure className="map" aria-label={`Map of the world with ${shown} cities of the lists`}>
      <div className="chart" style={{ "--ratio": MAP_WIDTH / MAP_HEIGHT } as CSSProperties}>
        <Ground />
        <svg viewBox={`0 0 ${MAP_WIDTH} ${MAP_HEIGHT}`} aria-hidden>
          <rect
            className="map-band"
            x={-MAP_WIDTH}
            y={top}
            width={3 * MAP_WIDTH}
            height={mapY(band.south) - top}
          />
          {layers.map((layer) => (
            <g key={layer.name} data-layer={layer.name}>
              {layer.cities.map((city) => (
                <circle key={city._id} cx={mapX(city.lng)} cy={mapY(city.lat)}>
                  <title>{`${city.name}, ${countryName(city.country)}`}</title>
                </circle>
              ))}
            </g>
          ))}
          {focus !== undefined && <Focus city={focus} />}
        </svg>
      </div>
      <ul className="legend">
        <li data-layer="country">country</li>
        <li data-layer="search">name</li>
        <li data-layer="latitude">latitude</li>
        <li data-layer="star">favourite</li>
      </ul>
    </figure>
  );
}

function Focus({ city }: { city: City }): ReactElement {
  const x = mapX(city.lng);
  const y = mapY(city.lat);
  const isEast = x > MAP_WIDTH * 0.75;
  return (
    <g className="focus">
      <circle cx={x} cy={y} />
      <text x={x + (isEast ? -4 : 4)} y={y + 1.4} textAnchor={isEast ? "end" : "start"}>
        {city.name}
      </text>
    </g>
  );
}

/** Light per cell of the grid: none, one city, a few, many. */
const ALPHA = [0, 0.3, 0.55, 0.95];

function Ground(): ReactElement {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const draw = (): void => drawGround(canvas.current!);
    const scheme = matchMedia("(prefers-color-scheme: dark)");
    const sizes = new ResizeObserver(draw);
    sizes.observe(canvas.current!);
    scheme.addEventListener("change", draw);
    return () => {
      sizes.disconnect();
      scheme.removeEventListener("change", draw);
    };
  }, []);
  return <canvas ref={canvas} />;
}

function drawGround(canvas: HTMLCanvasElement): void {
  const context = canvas.getContext("2d");
  if (context === null) return;
  const scale = (canvas.clientWidth * devicePixelRatio) / MAP_WIDTH;
  canvas.width = Math.round(MAP_WIDTH * scale);
  canvas.height = Math.round(MAP_HEIGHT * scale);
  context.fillStyle = getComputedStyle(canvas).color;
  const packed = atob(levels);
  const size = (360 / columns) * scale * 0.82;
  for (let cell = 0; cell < columns * rows; cell++) {
    const level = (packed.charCodeAt(cell >> 2) >> ((cell & 3) * 2)) & 3;
    if (level === 0) continue;
    const lng = ((cell % columns) + 0.5) * (360 / columns) - 180;
    const lat = 90 - (Math.floor(cell / columns) + 0.5) * (180 / rows);
    context.globalAlpha = ALPHA[level]!;
    context.fillRect(mapX(lng) * scale - size / 2, mapY(lat) * scale - size / 2, size, size);
  }
}
