// Written by moonstone from schema.ts. Do not edit: the next build overwrites it.
import {
  createActionFactory,
  createInternalActionFactory,
  createInternalMutationFactory,
  createInternalQueryFactory,
  createMutationFactory,
  createQueryFactory,
  v as validators,
} from "@moonstone/server";
import type {
  ActionCtx as GenericActionCtx,
  ActionFactory,
  MutationCtx as GenericMutationCtx,
  MutationFactory,
  QueryCtx as GenericQueryCtx,
  QueryFactory,
  Validators,
} from "@moonstone/server";
import type { DataModel, TableName } from "./dataModel";

export type { DataModel };
export type QueryCtx = GenericQueryCtx<DataModel>;
export type MutationCtx = GenericMutationCtx<DataModel>;
export type ActionCtx = GenericActionCtx<DataModel>;

export const schema = {
  cities: { name: null, key: null, country: null, region: null, lat: null, lng: null, note: null },
  countries: { code: null, cities: null },
  favourites: { city: null, by: null },
  activity: { kind: null, author: null, text: null, city: null },
  imports: { source: null, batch: null, rows: null },
} as const;

export const v: Validators<TableName> = validators;
export const query: QueryFactory<DataModel> = createQueryFactory<DataModel>();
export const mutation: MutationFactory<DataModel> = createMutationFactory<DataModel>();
export const action: ActionFactory<DataModel> = createActionFactory<DataModel>();
export const internalQuery: QueryFactory<DataModel> = createInternalQueryFactory<DataModel>();
export const internalMutation: MutationFactory<DataModel> =
  createInternalMutationFactory<DataModel>();
export const internalAction: ActionFactory<DataModel> = createInternalActionFactory<DataModel>();
