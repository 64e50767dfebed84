import { useState } from "react";
import type { FormEvent } from "react";
import { useConnectionState, useMutation, useQuery } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";

export function App() {
  const tasks = useQuery(api.tasks.list); // undefined while loading
  const create = useMutation(api.tasks.create);
  const toggle = useMutation(api.tasks.toggle);
  const state = useConnectionState();
  const [text, setText] = useState("");

  const add = async (event: FormEvent) => {
    event.preventDefault();
    if (text.trim() === "") return;
    setText("");
    await create({ text: text.trim() });
  };

  return (
    <main>
      <h1>
        Tasks <output>{state}</output>
      </h1>
      <form onSubmit={(event) => void add(event)}>
        <input
          aria-label="New task"
          placeholder="What is to be done?"
          value={text}
          autoFocus
          onChange={(event) => setText(event.target.value)}
        />
        <button>Add</button>
      </form>
      <ul>
        {tasks?.map((task) => (
          <li key={task._id} className={task.isCompleted ? "done" : ""}>
            <label>
              <input
                type="checkbox"
                checked={task.isCompleted}
                onChange={() => void toggle({ id: task._id })}
              />
              {task.text}
            </label>
          </li>
        ))}
      </ul>
    </main>
  );
}
