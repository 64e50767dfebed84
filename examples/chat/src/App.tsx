import { useState } from "react";
import type { ReactElement } from "react";
import { useConnectionState } from "@moonstone/react";
import { Composer } from "./Composer";
import { Messages } from "./Messages";
import { Avatar, useName } from "./people";

const CHANNELS = [
  { name: "general", topic: "Whatever is on your mind" },
  { name: "music", topic: "What are you listening to?" },
  { name: "stars", topic: "The sky tonight" },
];

export function App(): ReactElement {
  const [channel, setChannel] = useState(CHANNELS[0]!);
  const [name, setName] = useName();
  return (
    <div className="app">
      <aside>
        <h1>
          <Moon /> Moonstone <small>chat</small>
        </h1>
        <nav aria-label="Channels">
          {CHANNELS.map((item) => (
            <button
              key={item.name}
              aria-current={item === channel ? "page" : undefined}
              onClick={() => setChannel(item)}
            >
              <span>#</span> {item.name}
            </button>
          ))}
        </nav>
        <label className="me">
          <Avatar name={name} />
          <input
            aria-label="Your name"
            value={name}
            maxLength={30}
            onChange={(event) => setName(event.target.value)}
          />
        </label>
      </aside>
      <main>
        <header>
          <div>
            <h2># {channel.name}</h2>
            <p>{channel.topic}</p>
          </div>
          <Connection />
        </header>
        <Messages key={channel.name} channel={channel.name} me={name} />
        <Composer channel={channel.name} author={name} />
      </main>
    </div>
  );
}

function Connection(): ReactElement {
  const state = useConnectionState();
  return (
    <output className="connection" data-state={state}>
      {state === "connected" ? "live" : state}
    </output>
  );
}

function Moon(): ReactElement {
  return (
    <svg viewBox="0 0 32 32" width="26" height="26" aria-hidden>
      <path d="M19 2.5A13.8 13.8 0 1 0 29.5 19 11.6 11.6 0 0 1 19 2.5z" fill="#aab3ff" />
    </svg>
  );
}
