// The web's own types, where the app's TypeScript knows them ("DOM" or Node's types), else any:
// this package itself compiles without both.
type Web<Name extends string> =
  typeof globalThis extends Record<Name, { prototype: infer T }> ? T : any;

export type WebRequest = Web<"Request">;
export type WebResponse = Web<"Response">;
export type WebAbortSignal = Web<"AbortSignal">;
export type WebBlob = Web<"Blob">;
