import { createSignal, For, Show } from "solid-js";
import type { JSX } from "solid-js";
import { createQuery } from "@moonstone/solid";
import { api } from "../../tasks/moonstone/_generated/api";
import { columnName } from "../../tasks/shared/board";
import { addressOf } from "../../tasks/shared/place";

/** Finds tasks of all projects by the words of their titles, live. */
export function Search(): JSX.Element {
  const [text, setText] = createSignal("");
  const searched = (): string => text().trim();
  const found = createQuery(api.tasks.search, () => ({ text: searched() }), {
    enabled: () => searched() !== "",
  });
  const close = (): void => void setText("");
  return (
    <search
      onKeyDown={(event) => event.key === "Escape" && close()}
      onFocusOut={({ currentTarget, relatedTarget }) => {
        if (!currentTarget.contains(relatedTarget as Node | null)) close();
      }}
    >
      <input
        type="search"
        aria-label="Search all tasks"
        placeholder="Search all tasks"
        value={text()}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <Show when={found()}>
        {(tasks) => (
          <ul class="found" aria-label="Found tasks">
            <For each={tasks()} fallback={<li class="none">Nothing found</li>}>
              {(task) => (
                <li>
                  <a href={addressOf({ project: task.project, panel: task.key })} onClick={close}>
                    {task.title} <small>{columnName(task.status)}</small>
                  </a>
                </li>
              )}
            </For>
          </ul>
        )}
      </Show>
    </search>
  );
}
