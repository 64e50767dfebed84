import { createMemo, ErrorBoundary, Show, Suspense } from "solid-js";
import type { JSX } from "solid-js";
import { createQueryWithStatus } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { go, place } from "../../tasks/shared/place";
import { Activity } from "./Activity";
import { Board } from "./Board";
import { Details } from "./Details";
import { Failure } from "./Failure";
import { Header } from "./Header";
import { Notices } from "./Notices";
import { Sidebar } from "./Sidebar";
import { observe } from "./state";
import { Welcome } from "./Welcome";

export function App(): JSX.Element {
  const { data: projects, isLoading, isStale } = createQueryWithStatus(api.projects.list);
  const wanted = observe(place);
  const project = createMemo(
    () => projects()?.find(({ key }) => key === wanted().project) ?? projects()?.[0],
  );
  const panel = (): string | undefined => wanted().panel;
  return (
    <div class="app" data-panel={panel() !== undefined}>
      <Sidebar projects={projects() ?? []} current={project()?.key} />
      <main>
        <Show when={project()?.key} keyed>
          {(key) => (
            <>
              <Header project={project()!} panel={panel()} isStale={isStale()} />
              <Board project={key} panel={panel()} />
            </>
          )}
        </Show>
        <Show when={projects()?.length === 0}>
          <Welcome />
        </Show>
        <Show when={isLoading()}>
          <p class="empty">Loading…</p>
        </Show>
      </main>
      <Show when={project()?.key} keyed>
        {(key) => (
          <Show when={panel()} keyed>
            {(name) => <Panel project={key} panel={name} />}
          </Show>
        )}
      </Show>
      <Notices />
    </div>
  );
}

/** What stands beside the board: the activity, or a task. */
function Panel(props: { project: string; panel: string }): JSX.Element {
  const close = (): void => go({ project: props.project, panel: undefined });
  const isActivity = (): boolean => props.panel === "activity";
  return (
    <aside
      class="panel"
      aria-label={isActivity() ? "Activity" : "Task"}
      onKeyDown={(event) => event.key === "Escape" && close()}
    >
      <button class="close" aria-label="Close the panel" onClick={close}>
        ✕
      </button>
      <ErrorBoundary
        fallback={(error: Error, reset) => <Failure error={error} onRetry={reset} onBack={close} />}
      >
        <Suspense fallback={<p class="empty">Loading…</p>}>
          <Show
            when={isActivity()}
            fallback={<Details project={props.project} task={props.panel} />}
          >
            <Activity project={props.project} />
          </Show>
        </Suspense>
      </ErrorBoundary>
    </aside>
  );
}
