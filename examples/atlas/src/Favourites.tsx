import type { ReactElement } from "react";
import { CityRow, Skeleton } from "./CityRows";
import type { City } from "./cities";
import { Panel } from "./Panel";

interface FavouritesProps {
  favourites: { _id: string; by: string; city: City }[] | undefined;
}

export function Favourites({ favourites }: FavouritesProps): ReactElement {
  return (
    <Panel title="Favourites" layer="star" total={favourites?.length}>
      {favourites === undefined && <Skeleton />}
      {favourites?.length === 0 && (
        <p className="empty">Star a city. Everybody who has this page open sees it at once.</p>
      )}
      {favourites !== undefined && favourites.length > 0 && (
        <ul className="cities" aria-label="Favourites">
          {favourites.map((favourite) => (
            <CityRow key={favourite._id} city={favourite.city} showCountry aside={favourite.by} />
          ))}
        </ul>
      )}
    </Panel>
  );
}
