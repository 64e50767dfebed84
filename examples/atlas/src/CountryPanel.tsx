import { useMemo } from "react";
import type { ReactElement } from "react";
import type { DataModel } from "../moonstone/_generated/dataModel";
import { count, countryName } from "./cities";
import type { CityList } from "./cities";
import { CityRows } from "./CityRows";
import { Panel } from "./Panel";

interface CountryPanelProps {
  countries: DataModel["countries"][] | undefined;
  country: string;
  setCountry: (code: string) => void;
  list: CityList | undefined;
}

export function CountryPanel(props: CountryPanelProps): ReactElement {
  const { countries, country, setCountry, list } = props;
  const sorted = useMemo(
    () =>
      (countries ?? [])
        .map((row) => ({ ...row, name: countryName(row.code) }))
        .sort((a, b) => a.name.localeCompare(b.name, "en")),
    [countries],
  );
  const isListed = sorted.some((row) => row.code === country);
  return (
    <Panel title="By country" layer="country" total={list?.total}>
      <select
        aria-label="Country"
        value={country}
        onChange={(event) => setCountry(event.target.value)}
      >
        {!isListed && <option value={country}>{countryName(country)}</option>}
        {sorted.map((row) => (
          <option key={row.code} value={row.code}>
            {row.name} ({count(row.cities)})
          </option>
        ))}
      </select>
      <CityRows
        label={`Cities in ${countryName(country)}`}
        list={list}
        empty="No city of this country is here yet. They appear as the import goes on."
        showCountry={false}
      />
    </Panel>
  );
}
