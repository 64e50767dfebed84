// Written by moonstone from the function files. Do not edit: the next build overwrites it.
import type { FunctionReference, Id, ReturnOf } from "@moonstone/server";

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
