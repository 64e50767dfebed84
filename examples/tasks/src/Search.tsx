import { useDeferredValue, useState } from "react";
import type { ReactElement } from "react";
import { useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { columnName } from "../shared/board";
import { addressOf } from "../shared/place";

/** Finds tasks of all projects by the words of their titles, live. */
export function Search(): ReactElement {
  const [text, setText] = useState("");
  const searched = useDeferredValue(text.trim());
  const found = useQuery(api.tasks.search, { text: searched }, { enabled: searched !== "" });
  const close = (): void => setText("");
  return (
    <search
      onKeyDown={(event) => event.key === "Escape" && close()}
      onBlur={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget)) close();
      }}
    >
      <input
        type="search"
        aria-label="Search all tasks"
        placeholder="Search all tasks"
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      {searched !== "" && found !== undefined && (
        <ul className="found" aria-label="Found tasks">
          {found.map((task) => (
            <li key={task.key}>
              <a href={addressOf({ project: task.project, panel: task.key })} onClick={close}>
                {task.title} <small>{columnName(task.status)}</small>
              </a>
            </li>
          ))}
          {found.length === 0 && <li className="none">Nothing found</li>}
        </ul>
      )}
    </search>
  );
}
