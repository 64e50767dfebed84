import { createSignal, Show } from "solid-js";
import type { JSX } from "solid-js";
import { createAction, createConnectionState } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { go } from "../../tasks/shared/place";
import { CONNECTION_NAMES } from "../../tasks/shared/text";
import { follow } from "../../tasks/shared/writes";
import { Report } from "./Report";
import { Search } from "./Search";

interface HeaderProps {
  project: { key: string; name: string; hue: number; total: number; done: number };
  panel: string | undefined;
  isStale: boolean;
}

export function Header(props: HeaderProps): JSX.Element {
  const write = createAction(api.reports.write);
  const [report, setReport] = createSignal<string>();
  const [isWriting, setIsWriting] = createSignal(false);
  const isActivity = (): boolean => props.panel === "activity";

  const makeReport = async (): Promise<void> => {
    setIsWriting(true);
    await follow(write({ project: props.project.key }).then(setReport));
    setIsWriting(false);
  };

  return (
    <div class="top">
      <div class="title">
        <h2>{props.project.name}</h2>
        <p>
          {props.project.total === 0
            ? "Nothing to do yet"
            : `${props.project.done} of ${props.project.total} done`}
          <Show when={props.isStale}>
            <span class="stale">saved copy</span>
          </Show>
        </p>
      </div>
      <Search />
      <button disabled={isWriting()} onClick={() => void makeReport()}>
        {isWriting() ? "Writing…" : "Report"}
      </button>
      <button
        aria-pressed={isActivity()}
        onClick={() =>
          go({ project: props.project.key, panel: isActivity() ? undefined : "activity" })
        }
      >
        Activity
      </button>
      <Connection />
      <Show when={report()} keyed>
        {(text) => (
          <Report name={props.project.name} text={text} onClose={() => setReport(undefined)} />
        )}
      </Show>
    </div>
  );
}

function Connection(): JSX.Element {
  const state = createConnectionState();
  return (
    <output class="connection" data-state={state()} aria-label="Connection">
      {CONNECTION_NAMES[state()]}
    </output>
  );
}
