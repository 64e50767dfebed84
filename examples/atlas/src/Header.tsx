import type { ReactElement } from "react";
import { useConnectionState } from "@moonstone/react";
import type { DataModel } from "../moonstone/_generated/dataModel";
import { count } from "./cities";
import { Avatar } from "./people";

interface HeaderProps {
  countries: DataModel["countries"][] | undefined;
  me: string;
  setMe: (name: string) => void;
}

export function Header({ countries, me, setMe }: HeaderProps): ReactElement {
  const cities = countries?.reduce((sum, country) => sum + country.cities, 0) ?? 0;
  return (
    <header className="top">
      <h1>
        <Globe /> Atlas
        <small>
          a demo of <b>Moonstone</b>
        </small>
      </h1>
      <p className="figures" aria-live="off">
        <span>
          <strong data-testid="rows">{countries === undefined ? "…" : count(cities)}</strong> cities
        </span>
        <span>
          <strong>{countries === undefined ? "…" : count(countries.length)}</strong> countries
        </span>
      </p>
      <Connection />
      <label className="me">
        <Avatar name={me} />
        <input
          aria-label="Your name"
          value={me}
          maxLength={40}
          onChange={(event) => setMe(event.target.value)}
        />
      </label>
    </header>
  );
}

function Connection(): ReactElement {
  const state = useConnectionState();
  return (
    <output className="connection" data-state={state}>
      {state === "connected" ? "live" : state}
    </output>
  );
}

function Globe(): ReactElement {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden fill="none" strokeWidth="2.2">
      <circle cx="16" cy="16" r="13" />
      <ellipse cx="16" cy="16" rx="5.5" ry="13" />
      <path d="M3.5 12h25M3.5 20h25" />
    </svg>
  );
}
