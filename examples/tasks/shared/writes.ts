import { Observable } from "./observable";

export interface WritesState {
  /** Changes of this page that the server has not answered yet. */
  waiting: number;
  /** Why the last refused change was refused; undefined once somebody has read it. */
  problem: string | undefined;
}

/** What becomes of the changes that this page makes. */
export const writes = new Observable<WritesState>({ waiting: 0, problem: undefined });

/** Follows a change to its end. A refused one becomes the problem on the page. */
export async function follow(write: Promise<unknown>): Promise<void> {
  count(1);
  try {
    await write;
  } catch (error) {
    report((error as Error).message);
  } finally {
    count(-1);
  }
}

/** Shows why a change was refused. */
export function report(problem: string): void {
  writes.set({ ...writes.get(), problem });
}

/** Somebody has read the problem. */
export function forgetProblem(): void {
  writes.set({ ...writes.get(), problem: undefined });
}

function count(more: number): void {
  const state = writes.get();
  writes.set({ ...state, waiting: state.waiting + more });
}
