import { memo, useState } from "react";
import type { FormEvent, KeyboardEvent, ReactElement } from "react";
import { useActions } from "./actions";
import { count, countryName, latitude, longitude } from "./cities";
import type { City, CityList } from "./cities";

interface CityRowsProps {
  label: string;
  list: CityList | undefined;
  /** What to say when there is no city. */
  empty: string;
  showCountry: boolean;
}

/** A live list of cities. */
export function CityRows({ label, list, empty, showCountry }: CityRowsProps): ReactElement {
  if (list === undefined) return <Skeleton />;
  if (list.cities.length === 0) return <p className="empty">{empty}</p>;
  return (
    <ul className="cities" aria-label={label}>
      {list.cities.map((city) => (
        <CityRow key={city._id} city={city} showCountry={showCountry} />
      ))}
      {list.total > list.cities.length && (
        <li className="more">and {count(list.total - list.cities.length)} more</li>
      )}
    </ul>
  );
}

interface CityRowProps {
  city: City;
  showCountry: boolean;
  /** Stands on the right in place of the coordinates. */
  aside?: string;
}

export function CityRow({ city, showCountry, aside }: CityRowProps): ReactElement {
  const actions = useActions();
  const [isEditing, setEditing] = useState(false);
  if (isEditing) {
    return (
      <li>
        <CityForm city={city} done={() => setEditing(false)} />
      </li>
    );
  }
  const isStarred = actions.isStarred(city);
  return (
    <li
      data-focus={actions.focus?._id === city._id || undefined}
      onPointerEnter={() => actions.setFocus(city)}
      onPointerLeave={() => actions.setFocus(undefined)}
    >
      <button
        className="star"
        aria-pressed={isStarred}
        aria-label={`Star ${city.name}`}
        onClick={() => actions.toggleStar(city)}
      >
        {isStarred ? "★" : "☆"}
      </button>
      <CityText city={city} showCountry={showCountry} />
      <span className="where">{aside ?? `${latitude(city.lat)} ${longitude(city.lng)}`}</span>
      <button className="edit" aria-label={`Edit ${city.name}`} onClick={() => setEditing(true)}>
        ✎
      </button>
    </li>
  );
}

// A city that did not change is the same object as before, so its text does not render again.
const CityText = memo(function CityText({ city, showCountry }: Omit<CityRowProps, "aside">) {
  const place = [city.region, showCountry ? countryName(city.country) : undefined];
  return (
    <span className="city">
      <span className="name">{city.name}</span>
      <span className="place">{place.filter((part) => part !== undefined).join(" · ")}</span>
      {city.note !== undefined && <span className="note">{city.note}</span>}
    </span>
  );
});

function CityForm({ city, done }: { city: City; done: () => void }): ReactElement {
  const actions = useActions();
  const [name, setName] = useState(city.name);
  const [note, setNote] = useState(city.note ?? "");

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (await actions.edit(city, name, note)) done();
  };
  const cancel = (event: KeyboardEvent): void => {
    if (event.key === "Escape") done();
  };

  return (
    <form
      className="city-form"
      aria-label={`Edit ${city.name}`}
      onSubmit={(event) => void submit(event)}
      onKeyDown={cancel}
    >
      <input
        aria-label="Name"
        value={name}
        maxLength={100}
        required
        autoFocus
        onChange={(event) => setName(event.target.value)}
      />
      <input
        aria-label="Note"
        placeholder="A note for everybody"
        value={note}
        maxLength={280}
        onChange={(event) => setNote(event.target.value)}
      />
      <button className="primary">Save</button>
      <button type="button" onClick={done}>
        Cancel
      </button>
    </form>
  );
}

export function Skeleton(): ReactElement {
  return (
    <div className="skeleton" role="status" aria-label="Loading">
      {[70, 45, 60, 35, 55].map((width) => (
        <i key={width} style={{ width: `${width}%` }} />
      ))}
    </div>
  );
}
