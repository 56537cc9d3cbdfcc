import { Injectable } from '@nestjs/common';
import { apiKeysContract } from '@xerotier/contracts/auth';
import type { ApiKeyRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { ApiKeysService } from './api-keys.service.ts';
import type { ApiKeysInput, ApiKeysOutput } from './api-keys.service.ts';

const operations = apiKeysContract.operations;

/** Serves the API keys contract. */
@Injectable()
export class ApiKeysHandlers {
  constructor(private readonly keys: ApiKeysService) {}

  @Serves(operations.listApiKeys)
  list(input: ApiKeysInput<'listApiKeys'>): Promise<ApiKeysOutput<'listApiKeys'>> {
    return this.keys.list(input);
  }

  @Serves(operations.getApiKey)
  get(input: ApiKeysInput<'getApiKey'>): Promise<ApiKeyRecord> {
    return this.keys.get(input);
  }

  @Serves(operations.createApiKey)
  create(input: ApiKeysInput<'createApiKey'>): Promise<ApiKeysOutput<'createApiKey'>> {
    return this.keys.create(input);
  }

  @Serves(operations.rotateApiKey)
  rotate(input: ApiKeysInput<'rotateApiKey'>): Promise<ApiKeysOutput<'rotateApiKey'>> {
    return this.keys.rotate(input);
  }

  @Serves(operations.revokeApiKey)
  revoke(input: ApiKeysInput<'revokeApiKey'>): Promise<ApiKeyRecord> {
    return this.keys.revoke(input);
  }

  @Serves(operations.setApiKeyIpFilter)
  setIpFilter(input: ApiKeysInput<'setApiKeyIpFilter'>): Promise<ApiKeyRecord> {
    return this.keys.setIpFilter(input);
  }

  @Serves(operations.setApiKeyQuota)
  setQuota(input: ApiKeysInput<'setApiKeyQuota'>): Promise<ApiKeyRecord> {
    return this.keys.setQuota(input);
  }

  @Serves(operations.setApiKeySpendCap)
  setSpendCap(input: ApiKeysInput<'setApiKeySpendCap'>): Promise<ApiKeyRecord> {
    return this.keys.setSpendCap(input);
  }
}
