// Written by moonstone from the function files. Do not edit: the next build overwrites it.
import type { FunctionReference, Id, ReturnOf } from "@moonstone/server";

// Arguments are written out. A result is written out where `returns` declares it, else taken
// from the handler; the latter only names types, no function module is loaded by the app.
export const api = {
  activity: {
    latest: { _name: "activity:latest", _type: "query" } as FunctionReference<
      "query",
      {},
      ReturnOf<typeof import("../activity").latest>
    >,
    say: { _name: "activity:say", _type: "mutation" } as FunctionReference<
      "mutation",
      { author: string; text: string },
      ReturnOf<typeof import("../activity").say>
    >,
  },
  cities: {
    betweenLatitudes: { _name: "cities:betweenLatitudes", _type: "query" } as FunctionReference<
      "query",
      { south: number; north: number },
      ReturnOf<typeof import("../cities").betweenLatitudes>
    >,
    edit: { _name: "cities:edit", _type: "mutation" } as FunctionReference<
      "mutation",
      { id: Id<"cities">; name: string; note: string; by: string },
      ReturnOf<typeof import("../cities").edit>
    >,
    inCountry: { _name: "cities:inCountry", _type: "query" } as FunctionReference<
      "query",
      { country: string },
      ReturnOf<typeof import("../cities").inCountry>
    >,
    startingWith: { _name: "cities:startingWith", _type: "query" } as FunctionReference<
      "query",
      { prefix: string },
      ReturnOf<typeof import("../cities").startingWith>
    >,
  },
  countries: {
    list: { _name: "countries:list", _type: "query" } as FunctionReference<
      "query",
      {},
      ReturnOf<typeof import("../countries").list>
    >,
  },
  favourites: {
    list: { _name: "favourites:list", _type: "query" } as FunctionReference<
      "query",
      {},
      ReturnOf<typeof import("../favourites").list>
    >,
    star: { _name: "favourites:star", _type: "mutation" } as FunctionReference<
      "mutation",
      { city: Id<"cities">; by: string },
      ReturnOf<typeof import("../favourites").star>
    >,
    unstar: { _name: "favourites:unstar", _type: "mutation" } as FunctionReference<
      "mutation",
      { city: Id<"cities">; by: string },
      ReturnOf<typeof import("../favourites").unstar>
    >,
  },
} as const;

export const internal = {
  importer: {
    addBatch: { _name: "importer:addBatch", _type: "mutation" } as FunctionReference<
      "mutation",
      { source: string; batch: number; cities: { name: string, country: string, region?: string, lat: number, lng: number }[] },
      ReturnOf<typeof import("../importer").addBatch>
    >,
    status: { _name: "importer:status", _type: "query" } as FunctionReference<
      "query",
      { source: string },
      ReturnOf<typeof import("../importer").status>
    >,
  },
} as const;
