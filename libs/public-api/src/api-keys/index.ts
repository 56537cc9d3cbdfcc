export {
  apiKeysOperations,
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  setApiKeyIpFilter,
  setApiKeyQuota,
} from './api-keys.api.ts';
