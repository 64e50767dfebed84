// Moonstone. Licence: see LICENSE.
//
// Scopes: fragments of queries with names, which chain (litestone.md 19).
import type { Row } from "./exchange.js";
import { allOf, evaluate } from "./filters.js";
import { METHODS } from "./methods.js";
import type { ClientContext, Scope, Where } from "./options.js";

export type Scopes = Readonly<Record<string, Scope>>;

interface ModelNames {
  readonly name: string;
  readonly accessor: string;
  readonly relations: readonly { readonly name: string }[];
}

/** The scopes of every model, by its name. Throws at the first that cannot be. */
export function checkScopes(
  given: Readonly<Record<string, Scopes>>,
  models: readonly ModelNames[],
): Map<string, Scopes> {
  const checked = new Map<string, Scopes>();
  for (const [name, scopes] of Object.entries(given)) {
    const model = models.find((one) => one.name === name || one.accessor === name);
    if (model === undefined) {
      const known = models.map((one) => one.name).join(", ");
      throw new Error(`scopes: unknown model "${name}". Schema models: ${known}`);
    }
    for (const [scope, definition] of Object.entries(scopes)) checkScope(model, scope, definition);
    checked.set(model.name, scopes);
  }
  return checked;
}

function checkScope(model: ModelNames, scope: string, definition: unknown): void {
  const place = `scopes: "${scope}" on "${model.name}"`;
  if (scope.startsWith("_") || scope.startsWith("$"))
    throw new Error(`${place} cannot start with "_" or "$"`);
  if ((METHODS as readonly string[]).includes(scope))
    throw new Error(`${place} conflicts with a built-in table method`);
  if (model.relations.some((relation) => relation.name === scope))
    throw new Error(`${place} conflicts with the relation field of the same name`);
  if (typeof definition !== "object" || definition === null || Array.isArray(definition)) {
    const type =
      definition === null ? "null" : Array.isArray(definition) ? "array" : typeof definition;
    throw new Error(
      `${place} must be an object like { where, orderBy?, limit?, ... }. Got ${type}`,
    );
  }
}

/** The arguments of a call under scopes: conditions add up, everything else is overridden. */
export function mergeScopes(scopes: readonly Scope[], args: Row, ctx: ClientContext): Row {
  const merged: Row = Object.assign({}, ...scopes, args);
  const where = allOf([
    ...scopes.map((scope) => evaluate(scope.where, ctx)),
    args["where"] as Where | undefined,
  ]);
  if (where === undefined) delete merged["where"];
  else merged["where"] = where;
  return merged;
}
