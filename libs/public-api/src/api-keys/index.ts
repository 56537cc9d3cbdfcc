export {
  apiKeysOperations,
  createApiKey,
  getApiKey,
  listApiKeys,
  revokeApiKey,
  rotateApiKey,
  setApiKeyIpFilter,
  setApiKeyQuota,
  setApiKeySpendCap,
} from './api-keys.api.ts';
