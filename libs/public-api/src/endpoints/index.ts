export {
  createEndpoint,
  deleteEndpoint,
  endpointsOperations,
  getEndpoint,
  listCatalogueModels,
  listEndpoints,
  listTiers,
  pauseEndpoint,
  resumeEndpoint,
  updateEndpoint,
} from './endpoints.api.ts';
