export {
  deleteCatalogueModel,
  deleteModelVersion,
  discoverModels,
  getCatalogueModel,
  listCatalogueModels,
  listModelVersions,
  modelCatalogueOperations,
  promoteModelVersion,
  rollBackModel,
  shareModel,
  unshareModel,
  updateCatalogueModel,
} from './model-catalogue.api.ts';
