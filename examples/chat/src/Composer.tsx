import { useState } from "react";
import type { FormEvent, ReactElement } from "react";
import { useMutation } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";

export function Composer({ channel, author }: { channel: string; author: string }): ReactElement {
  const send = useMutation(api.messages.send);
  const [body, setBody] = useState("");
  const [error, setError] = useState<string>();

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault();
    if (body.trim() === "") return;
    setBody("");
    setError(undefined);
    try {
      await send({ channel, author, body });
    } catch (reason) {
      setError((reason as Error).message);
      setBody(body); // nothing typed is lost
    }
  };

  return (
    <form className="composer" onSubmit={(event) => void submit(event)}>
      {error !== undefined && <p role="alert">{error}</p>}
      <input
        aria-label={`Message to ${channel}`}
        placeholder={`Message #${channel}`}
        value={body}
        autoFocus
        onChange={(event) => setBody(event.target.value)}
      />
      <button disabled={body.trim() === ""}>Send</button>
    </form>
  );
}
