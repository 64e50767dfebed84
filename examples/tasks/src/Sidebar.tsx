import type { FormEvent, ReactElement } from "react";
import { me, setMe } from "../shared/me";
import { addressOf, go, place } from "../shared/place";
import { hueOf, initials } from "../shared/text";
import { useCreateProject, useObservable } from "./hooks";

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

export function Sidebar({ projects, current }: SidebarProps): ReactElement {
  return (
    <header className="sidebar">
      <h1>
        <Moon /> Tasks
      </h1>
      <nav aria-label="Projects">
        <ul>
          {projects.map((project) => (
            <li key={project.key}>
              <ProjectLink project={project} isCurrent={project.key === current} />
            </li>
          ))}
        </ul>
        <NewProject />
      </nav>
      <Me />
    </header>
  );
}

function ProjectLink({
  project: { key, name, hue, total, done },
  isCurrent,
}: {
  project: ProjectItem;
  isCurrent: boolean;
}): ReactElement {
  const { panel } = useObservable(place);
  const kept = panel === "activity" ? panel : undefined;
  return (
    <a
      href={addressOf({ project: key, panel: kept })}
      aria-current={isCurrent ? "page" : undefined}
      style={{ "--hue": hue, "--part": total === 0 ? 0 : done / total } as React.CSSProperties}
    >
      <span className="ring" aria-hidden />
      <span className="name">{name}</span>
      <small aria-label={`${done} of ${total} done`}>
        {done}/{total}
      </small>
    </a>
  );
}

function NewProject(): ReactElement {
  const create = useCreateProject();
  const submit = (event: FormEvent<HTMLFormElement>): void => {
    event.preventDefault();
    const field = event.currentTarget.elements.namedItem("name") as HTMLInputElement;
    if (field.value.trim() === "") return;
    go({ project: create(field.value), panel: undefined });
    field.value = "";
  };
  return (
    <form onSubmit={submit}>
      <input name="name" aria-label="New project" placeholder="+ New project" autoComplete="off" />
    </form>
  );
}

function Me(): ReactElement {
  const name = useObservable(me);
  return (
    <label className="me">
      <Avatar name={name} />
      <input
        aria-label="Your name"
        value={name}
        maxLength={40}
        onChange={(event) => setMe(event.target.value)}
      />
    </label>
  );
}

/** Initials on a colour that belongs to the name. */
export function Avatar({ name }: { name: string }): ReactElement {
  return (
    <span
      className="avatar"
      style={{ "--hue": hueOf(name) } as React.CSSProperties}
      title={name}
      aria-hidden
    >
      {initials(name)}
    </span>
  );
}

function Moon(): ReactElement {
  return (
    <svg viewBox="0 0 32 32" width="24" height="24" aria-hidden>
      <path d="M19 2.5A13.8 13.8 0 1 0 29.5 19 11.6 11.6 0 0 1 19 2.5z" fill="currentColor" />
    </svg>
  );
}
