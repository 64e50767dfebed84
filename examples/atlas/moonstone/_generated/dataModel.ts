// Written by moonstone from schema.ts. Do not edit: the next build overwrites it.
import type { Id, WithIndexes } from "@moonstone/server";

export type { Id };

export type DataModel = {
  cities: {
    _id: Id<"cities">;
    _creationTime: number;
    name: string;
    key: string;
    country: string;
    region?: string;
    lat: number;
    lng: number;
    note?: string;
  };
  countries: {
    _id: Id<"countries">;
    _creationTime: number;
    code: string;
    cities: number;
  };
  favourites: {
    _id: Id<"favourites">;
    _creationTime: number;
    city: Id<"cities">;
    by: string;
  };
  activity: {
    _id: Id<"activity">;
    _creationTime: number;
    kind: "message" | "star" | "unstar" | "rename" | "note";
    author: string;
    text: string;
    city?: Id<"cities">;
  };
  imports: {
    _id: Id<"imports">;
    _creationTime: number;
    source: string;
    batch: number;
    rows: number;
  };
} & WithIndexes<{
  cities: { by_name: ["key"]; by_country: ["country", "key"]; by_latitude: ["lat"] };
  countries: { by_code: ["code"] };
  favourites: { by_city: ["city"] };
  imports: { by_source: ["source", "batch"] };
}>;

export type TableName = "cities" | "countries" | "favourites" | "activity" | "imports";

export type Doc<T extends TableName> = DataModel[T];
