import { Suspense, useState } from "react";
import type { ReactElement } from "react";
import { useQueryWithStatus } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import { go, place } from "../shared/place";
import { Activity } from "./Activity";
import { Board } from "./Board";
import { Details } from "./Details";
import { ErrorBoundary } from "./ErrorBoundary";
import { Header } from "./Header";
import { useObservable } from "./hooks";
import { Notices } from "./Notices";
import { Sidebar } from "./Sidebar";
import { Welcome } from "./Welcome";

export function App(): ReactElement {
  const { data: projects, isStale } = useQueryWithStatus(api.projects.list);
  const { project: wanted, panel } = useObservable(place);
  const project = projects?.find(({ key }) => key === wanted) ?? projects?.[0];
  return (
    <div className="app" data-panel={panel !== undefined}>
      <Sidebar projects={projects ?? []} current={project?.key} />
      <main>
        {project && (
          <>
            <Header key={project.key} project={project} panel={panel} isStale={isStale} />
            <Board key={`board ${project.key}`} project={project.key} panel={panel} />
          </>
        )}
        {projects?.length === 0 && <Welcome />}
        {projects === undefined && <p className="empty">Loading…</p>}
      </main>
      {project && panel !== undefined && <Panel key={panel} project={project.key} panel={panel} />}
      <Notices />
    </div>
  );
}

/** What stands beside the board: the activity, or a task. */
function Panel({ project, panel }: { project: string; panel: string }): ReactElement {
  const close = (): void => go({ project, panel: undefined });
  const isActivity = panel === "activity";
  return (
    <aside
      className="panel"
      aria-label={isActivity ? "Activity" : "Task"}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <button className="close" aria-label="Close the panel" onClick={close}>
        ✕
      </button>
      <ErrorBoundary onBack={close}>
        <Suspense fallback={<p className="empty">Loading…</p>}>
          {isActivity ? <Activity project={project} /> : <Details project={project} task={panel} />}
        </Suspense>
      </ErrorBoundary>
    </aside>
  );
}
