import { createSignal, For } from "solid-js";
import { createConnectionState, createMutation, createQuery } from "@moonstone/solid";
import { api } from "../moonstone/_generated/api";

export function App() {
  const tasks = createQuery(api.tasks.list); // undefined while loading
  const create = createMutation(api.tasks.create);
  const toggle = createMutation(api.tasks.toggle);
  const state = createConnectionState();
  const [text, setText] = createSignal("");

  const add = async (event: SubmitEvent) => {
    event.preventDefault();
    const wanted = text().trim();
    if (wanted === "") return;
    setText("");
    await create({ text: wanted });
  };

  return (
    <main>
      <h1>
        Tasks <output>{state()}</output>
      </h1>
      <form onSubmit={(event) => void add(event)}>
        <input
          aria-label="New task"
          placeholder="What is to be done?"
          value={text()}
          autofocus
          onInput={(event) => setText(event.currentTarget.value)}
        />
        <button>Add</button>
      </form>
      <ul>
        <For each={tasks()}>
          {(task) => (
            <li class={task.isCompleted ? "done" : ""}>
              <label>
                <input
                  type="checkbox"
                  checked={task.isCompleted}
                  onChange={() => void toggle({ id: task._id })}
                />
                {task.text}
              </label>
            </li>
          )}
        </For>
      </ul>
    </main>
  );
}
