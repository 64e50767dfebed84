import { useEffect, useRef } from "react";
import type { ReactElement } from "react";

interface ReportProps {
  name: string;
  text: string;
  onClose: () => void;
}

/** The text that the action has written, to read and to keep. */
export function Report({ name, text, onClose }: ReportProps): ReactElement {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    if (!dialog.current!.open) dialog.current!.showModal();
  }, []);
  return (
    <dialog ref={dialog} aria-label="Report" onClose={onClose}>
      <pre tabIndex={0}>{text}</pre>
      <form method="dialog">
        <a
          className="button"
          download={`${name}.md`}
          href={`data:text/markdown;charset=utf-8,${encodeURIComponent(text)}`}
        >
          Download
        </a>
        <button autoFocus>Close</button>
      </form>
    </dialog>
  );
}
