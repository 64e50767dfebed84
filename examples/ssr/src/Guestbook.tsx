import { memo, useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useConnectionState, useMutation, usePreloadedQuery } from "@moonstone/react";
import type { Preloaded } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import type { DataModel } from "../moonstone/_generated/dataModel";

export type Entry = DataModel["entries"];

/** The arguments of the query: the server preloads it with them, a new entry is shown under them. */
export const LATEST = { limit: 50 };

export function Guestbook({ preloaded }: { preloaded: Preloaded<Entry[]> }): ReactElement {
  const entries = usePreloadedQuery(preloaded); // there in the first render, then live
  return (
    <main>
      <header>
        <h1>Guest book</h1>
        <Connection />
      </header>
      <Form />
      <ol aria-label="Entries">
        {entries.map((entry) => (
          <EntryCard key={entry._id} entry={entry} />
        ))}
      </ol>
      {entries.length === 0 && <p className="empty">Nobody has signed yet. Be the first.</p>}
    </main>
  );
}

function Connection(): ReactElement {
  const state = useConnectionState();
  return <output data-state={state}>{state === "connected" ? "live" : state}</output>;
}

function Form(): ReactElement {
  const [name, setName] = useState("");
  const [text, setText] = useState("");
  const [error, setError] = useState<string>();
  const sign = useMutation(api.entries.sign, {
    // On the page at once; the server's own entry takes its place.
    optimisticUpdate: (store, entry) => {
      const shown = store.getQuery(api.entries.latest, LATEST);
      if (shown === undefined) return;
      const added = { ...entry, _id: `new:${shown.length}`, _creationTime: Date.now() };
      store.setQuery(api.entries.latest, LATEST, [added, ...shown]);
    },
  });

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    setText("");
    setError(undefined);
    try {
      await sign({ name, text });
    } catch (reason) {
      setError((reason as Error).message);
      setText(text); // nothing written is lost
    }
  };

  return (
    <form onSubmit={(event) => void submit(event)}>
      <input
        aria-label="Your name"
        placeholder="Your name"
        required
        maxLength={40}
        value={name}
        onChange={(event) => setName(event.target.value)}
      />
      <textarea
        aria-label="Your words"
        placeholder="Leave a few words…"
        required
        maxLength={280}
        rows={2}
        value={text}
        onChange={(event) => setText(event.target.value)}
      />
      <button>Sign</button>
      {error !== undefined && <p role="alert">{error}</p>}
    </form>
  );
}

// The same in every time zone, so that server and browser render the same.
const DATE = new Intl.DateTimeFormat("en-GB", {
  dateStyle: "long",
  timeStyle: "short",
  timeZone: "UTC",
});

// Entries that did not change are the same objects as before, so only new ones render.
const EntryCard = memo(function EntryCard({ entry }: { entry: Entry }) {
  const time = new Date(entry._creationTime);
  return (
    <li>
      <p>{entry.text}</p>
      <footer>
        <strong>{entry.name}</strong>
        <time dateTime={time.toISOString()}>{DATE.format(time)}</time>
      </footer>
    </li>
  );
});
