import { useState } from "react";
import type { ReactElement } from "react";
import { useAction, useConnectionState } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { go } from "../shared/place";
import { CONNECTION_NAMES } from "../shared/text";
import { follow } from "../shared/writes";
import { Report } from "./Report";
import { Search } from "./Search";

interface HeaderProps {
  project: { key: string; name: string; hue: number; total: number; done: number };
  panel: string | undefined;
  isStale: boolean;
}

export function Header({ project, panel, isStale }: HeaderProps): ReactElement {
  const write = useAction(api.reports.write);
  const [report, setReport] = useState<string>();
  const [isWriting, setIsWriting] = useState(false);
  const { key, name, total, done } = project;
  const isActivity = panel === "activity";

  const makeReport = async (): Promise<void> => {
    setIsWriting(true);
    await follow(write({ project: key }).then(setReport));
    setIsWriting(false);
  };

  return (
    <div className="top">
      <div className="title">
        <h2>{name}</h2>
        <p>
          {total === 0 ? "Nothing to do yet" : `${done} of ${total} done`}
          {isStale && <span className="stale">saved copy</span>}
        </p>
      </div>
      <Search />
      <button disabled={isWriting} onClick={() => void makeReport()}>
        {isWriting ? "Writing…" : "Report"}
      </button>
      <button
        aria-pressed={isActivity}
        onClick={() => go({ project: key, panel: isActivity ? undefined : "activity" })}
      >
        Activity
      </button>
      <Connection />
      {report !== undefined && (
        <Report name={name} text={report} onClose={() => setReport(undefined)} />
      )}
    </div>
  );
}

function Connection(): ReactElement {
  const state = useConnectionState();
  return (
    <output className="connection" data-state={state} aria-label="Connection">
      {CONNECTION_NAMES[state]}
    </output>
  );
}
