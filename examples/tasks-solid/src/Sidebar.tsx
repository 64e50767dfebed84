import { For } from "solid-js";
import type { JSX } from "solid-js";
import { me, setMe } from "../../tasks/shared/me";
import { addressOf, go, place } from "../../tasks/shared/place";
import { hueOf, initials } from "../../tasks/shared/text";
import { createProjectMaker, observe } from "./state";

interface ProjectItem {
  key: string;
  name: string;
  hue: number;
  total: number;
  done: number;
}

interface SidebarProps {
  projects: ProjectItem[];
  current: string | undefined;
}

export function Sidebar(props: SidebarProps): JSX.Element {
  return (
    <header class="sidebar">
      <h1>
        <Moon /> Tasks
      </h1>
      <nav aria-label="Projects">
        <ul>
          <For each={props.projects}>
            {(project) => (
              <li>
                <ProjectLink project={project} isCurrent={project.key === props.current} />
              </li>
            )}
          </For>
        </ul>
        <NewProject />
      </nav>
      <Me />
    </header>
  );
}

function ProjectLink(props: { project: ProjectItem; isCurrent: boolean }): JSX.Element {
  const shown = observe(place);
  const part = (): number =>
    props.project.total === 0 ? 0 : props.project.done / props.project.total;
  return (
    <a
      href={addressOf({
        project: props.project.key,
        panel: shown().panel === "activity" ? "activity" : undefined,
      })}
      aria-current={props.isCurrent ? "page" : undefined}
      style={{ "--hue": props.project.hue, "--part": part() }}
    >
      <span class="ring" aria-hidden="true" />
      <span class="name">{props.project.name}</span>
      <small aria-label={`${props.project.done} of ${props.project.total} done`}>
        {props.project.done}/{props.project.total}
      </small>
    </a>
  );
}

function NewProject(): JSX.Element {
  const create = createProjectMaker();
  let field!: HTMLInputElement;
  const submit = (event: SubmitEvent): void => {
    event.preventDefault();
    if (field.value.trim() === "") return;
    go({ project: create(field.value), panel: undefined });
    field.value = "";
  };
  return (
    <form onSubmit={submit}>
      <input ref={field} aria-label="New project" placeholder="+ New project" autocomplete="off" />
    </form>
  );
}

function Me(): JSX.Element {
  const name = observe(me);
  return (
    <label class="me">
      <Avatar name={name()} />
      <input
        aria-label="Your name"
        value={name()}
        maxLength={40}
        onInput={(event) => setMe(event.currentTarget.value)}
      />
    </label>
  );
}

/** Initials on a colour that belongs to the name. */
export function Avatar(props: { name: string }): JSX.Element {
  return (
    <span
      class="avatar"
      style={{ "--hue": hueOf(props.name) }}
      title={props.name}
      aria-hidden="true"
    >
      {initials(props.name)}
    </span>
  );
}

function Moon(): JSX.Element {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden="true">
      <path d="M19 2.5A13.8 13.8 0 1 0 29.5 19 11.6 11.6 0 0 1 19 2.5z" fill="currentColor" />
    </svg>
  );
}
