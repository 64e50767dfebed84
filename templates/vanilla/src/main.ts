import { MoonstoneClient } from "@moonstone/client";
import { api } from "../moonstone/_generated/api";
import "./style.css";

const client = new MoonstoneClient("/ws");
const element = <T extends HTMLElement>(id: string): T => document.getElementById(id) as T;

const state = element<HTMLOutputElement>("state");
state.value = client.connectionState;
client.onConnectionChange((now) => (state.value = now));

const list = element<HTMLUListElement>("tasks");
client.subscribe(api.tasks.list, {}, (tasks) => {
  list.replaceChildren(
    ...tasks.map((task) => {
      const box = document.createElement("input");
      box.type = "checkbox";
      box.checked = task.isCompleted;
      box.addEventListener(
        "change",
        () => void client.mutation(api.tasks.toggle, { id: task._id }),
      );
      const label = document.createElement("label");
      label.append(box, task.text);
      const item = document.createElement("li");
      item.classList.toggle("done", task.isCompleted);
      item.append(label);
      return item;
    }),
  );
});

const form = element<HTMLFormElement>("add");
form.addEventListener("submit", (event) => {
  event.preventDefault();
  const text = String(new FormData(form).get("text")).trim();
  if (text === "") return;
  form.reset();
  void client.mutation(api.tasks.create, { text });
});
