import { onMount } from "solid-js";
import type { JSX } from "solid-js";

interface ReportProps {
  name: string;
  text: string;
  onClose: () => void;
}

/** The text that the action has written, to read and to keep. */
export function Report(props: ReportProps): JSX.Element {
  let dialog!: HTMLDialogElement;
  onMount(() => dialog.showModal());
  return (
    <dialog ref={dialog} aria-label="Report" onClose={() => props.onClose()}>
      <pre tabIndex={0}>{props.text}</pre>
      <form method="dialog">
        <a
          class="button"
          download={`${props.name}.md`}
          href={`data:text/markdown;charset=utf-8,${encodeURIComponent(props.text)}`}
        >
          Download
        </a>
        <button autofocus>Close</button>
      </form>
    </dialog>
  );
}
