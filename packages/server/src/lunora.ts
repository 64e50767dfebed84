import {
  createActionFactory,
  createInternalActionFactory,
  createInternalMutationFactory,
  createInternalQueryFactory,
  createMutationFactory,
  createQueryFactory,
} from "./functions.js";
import type { ActionFactory, MutationFactory, QueryFactory } from "./functions.js";
import type { GenericDataModel } from "./types/data_model.js";

/** The six makers of functions, bound to one data model. */
export interface Factories<DataModel extends GenericDataModel> {
  query: QueryFactory<DataModel>;
  mutation: MutationFactory<DataModel>;
  action: ActionFactory<DataModel>;
  internalQuery: QueryFactory<DataModel>;
  internalMutation: MutationFactory<DataModel>;
  internalAction: ActionFactory<DataModel>;
}

/** `initLunora.dataModel<DataModel>().create()` makes all six at once. */
export const initLunora: {
  dataModel<DataModel extends GenericDataModel>(): { create(): Factories<DataModel> };
} = {
  dataModel: <DataModel extends GenericDataModel>() => ({
    create: (): Factories<DataModel> => ({
      query: createQueryFactory<DataModel>(),
      mutation: createMutationFactory<DataModel>(),
      action: createActionFactory<DataModel>(),
      internalQuery: createInternalQueryFactory<DataModel>(),
      internalMutation: createInternalMutationFactory<DataModel>(),
      internalAction: createInternalActionFactory<DataModel>(),
    }),
  }),
};
