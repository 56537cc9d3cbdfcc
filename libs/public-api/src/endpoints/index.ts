export {
  createEndpoint,
  deleteEndpoint,
  endpointsOperations,
  getEndpoint,
  listEndpoints,
  listTiers,
  pauseEndpoint,
  resumeEndpoint,
  updateEndpoint,
} from './endpoints.api.ts';
