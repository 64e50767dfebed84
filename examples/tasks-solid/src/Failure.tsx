import type { JSX } from "solid-js";

interface FailureProps {
  error: Error;
  onRetry: () => void;
  onBack: () => void;
}

/** Stands in for what cannot be shown. */
export function Failure(props: FailureProps): JSX.Element {
  return (
    <div class="failure" role="alert">
      <h2>This cannot be shown</h2>
      <p>{props.error.message}</p>
      <button onClick={() => props.onRetry()}>Try again</button>
      <button onClick={() => props.onBack()}>Back to the board</button>
    </div>
  );
}
