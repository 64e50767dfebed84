import { createContext, useCallback, useContext, useMemo, useState } from "react";
import type { ReactElement, ReactNode } from "react";
import { useMutation } from "@moonstone/react";
import { api } from "../moonstone/_generated/api";
import type { City } from "./cities";

interface ActionsValue {
  isStarred: (city: City) => boolean;
  toggleStar: (city: City) => void;
  /** Resolves to whether it worked; what went wrong is shown. */
  edit: (city: City, name: string, note: string) => Promise<boolean>;
  focus: City | undefined;
  setFocus: (city: City | undefined) => void;
  /** Runs something that can fail, and shows its error. */
  attempt: (work: () => Promise<unknown>) => Promise<boolean>;
}

const ActionsContext = createContext<ActionsValue | null>(null);

export function useActions(): ActionsValue {
  return useContext(ActionsContext)!;
}

interface ActionsProps {
  me: string;
  starred: ReadonlySet<string>;
  focus: City | undefined;
  setFocus: (city: City | undefined) => void;
  children: ReactNode;
}

/** What one can do with a city wherever it is shown, and the place where errors appear. */
export function Actions({ me, starred, focus, setFocus, children }: ActionsProps): ReactElement {
  const star = useMutation(api.favourites.star);
  const unstar = useMutation(api.favourites.unstar);
  const edit = useMutation(api.cities.edit);
  const [error, setError] = useState<string>();

  const attempt = useCallback(async (work: () => Promise<unknown>) => {
    try {
      await work();
      setError(undefined);
      return true;
    } catch (reason) {
      setError((reason as Error).message);
      return false;
    }
  }, []);

  const value = useMemo(
    (): ActionsValue => ({
      isStarred: (city) => starred.has(city._id),
      toggleStar: (city) => {
        const change = starred.has(city._id) ? unstar : star;
        void attempt(() => change({ city: city._id, by: me }));
      },
      edit: (city, name, note) => attempt(() => edit({ id: city._id, name, note, by: me })),
      focus,
      setFocus,
      attempt,
    }),
    [attempt, edit, focus, me, setFocus, star, starred, unstar],
  );

  return (
    <ActionsContext.Provider value={value}>
      {children}
      {error !== undefined && (
        <div className="toast" role="alert">
          {error}
          <button aria-label="Dismiss" onClick={() => setError(undefined)}>
            ×
          </button>
        </div>
      )}
    </ActionsContext.Provider>
  );
}
