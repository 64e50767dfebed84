import type { CSSProperties, ReactElement } from "react";
import { latitude } from "./cities";
import type { CityList } from "./cities";
import { CityRows } from "./CityRows";
import { Panel } from "./Panel";

export interface Band {
  south: number;
  north: number;
}

const SOUTHERNMOST = -56;
const NORTHERNMOST = 79;
const STEP = 0.5;

interface LatitudePanelProps {
  band: Band;
  setBand: (band: Band) => void;
  list: CityList | undefined;
}

export function LatitudePanel({ band, setBand, list }: LatitudePanelProps): ReactElement {
  const share = (lat: number): number => (lat - SOUTHERNMOST) / (NORTHERNMOST - SOUTHERNMOST);
  const range = { min: SOUTHERNMOST, max: NORTHERNMOST, step: STEP };
  return (
    <Panel title="By latitude" layer="latitude" total={list?.total}>
      <div
        className="band"
        style={{ "--from": share(band.south), "--to": share(band.north) } as CSSProperties}
      >
        <input
          type="range"
          aria-label="Southern edge"
          aria-valuetext={latitude(band.south)}
          {...range}
          value={band.south}
          onChange={(event) => {
            setBand({ ...band, south: Math.min(event.target.valueAsNumber, band.north - STEP) });
          }}
        />
        <input
          type="range"
          aria-label="Northern edge"
          aria-valuetext={latitude(band.north)}
          {...range}
          value={band.north}
          onChange={(event) => {
            setBand({ ...band, north: Math.max(event.target.valueAsNumber, band.south + STEP) });
          }}
        />
        <output>
          <span>{latitude(band.south)}</span>
          <span>{latitude(band.north)}</span>
        </output>
      </div>
      <CityRows
        label="Cities between the two latitudes"
        list={list}
        empty="Nobody has built a city here."
        showCountry
      />
    </Panel>
  );
}
