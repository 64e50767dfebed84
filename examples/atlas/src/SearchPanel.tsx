import type { ReactElement } from "react";
import type { CityList } from "./cities";
import { CityRows } from "./CityRows";
import { Panel } from "./Panel";

interface SearchPanelProps {
  prefix: string;
  setPrefix: (prefix: string) => void;
  list: CityList | undefined;
}

export function SearchPanel({ prefix, setPrefix, list }: SearchPanelProps): ReactElement {
  const isEmpty = prefix.trim() === "";
  return (
    <Panel title="By name" layer="search" total={isEmpty ? undefined : list?.total}>
      <input
        type="search"
        aria-label="Name starts with"
        placeholder="Name starts with…"
        value={prefix}
        maxLength={60}
        spellCheck={false}
        onChange={(event) => setPrefix(event.target.value)}
      />
      <CityRows
        label="Cities found by name"
        list={list}
        empty={isEmpty ? "Type how a name starts." : "No city has a name that starts like this."}
        showCountry
      />
    </Panel>
  );
}
