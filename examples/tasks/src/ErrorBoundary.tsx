import { Component } from "react";
import type { ReactNode } from "react";

interface Props {
  onBack: () => void;
  children: ReactNode;
}

interface State {
  error: Error | undefined;
}

/** Shows an error of what is inside, and keeps the rest of the page. */
export class ErrorBoundary extends Component<Props, State> {
  override state: State = { error: undefined };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (error === undefined) return this.props.children;
    return (
      <div className="failure" role="alert">
        <h2>This cannot be shown</h2>
        <p>{error.message}</p>
        <button onClick={() => this.setState({ error: undefined })}>Try again</button>
        <button onClick={this.props.onBack}>Back to the board</button>
      </div>
    );
  }
}
