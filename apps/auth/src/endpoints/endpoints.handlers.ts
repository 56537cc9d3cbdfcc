import { Injectable } from '@nestjs/common';
import { endpointsContract } from '@xerotier/contracts/auth';
import type { EndpointRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { EndpointsService } from './endpoints.service.ts';
import type { EndpointsInput, EndpointsOutput } from './endpoints.service.ts';

const operations = endpointsContract.operations;

/** Serves the endpoints contract. */
@Injectable()
export class EndpointsHandlers {
  constructor(private readonly endpoints: EndpointsService) {}

  @Serves(operations.listEndpoints)
  list(input: EndpointsInput<'listEndpoints'>): Promise<EndpointsOutput<'listEndpoints'>> {
    return this.endpoints.list(input);
  }

  @Serves(operations.getEndpoint)
  get(input: EndpointsInput<'getEndpoint'>): Promise<EndpointRecord> {
    return this.endpoints.get(input);
  }

  @Serves(operations.createEndpoint)
  create(input: EndpointsInput<'createEndpoint'>): Promise<EndpointRecord> {
    return this.endpoints.create(input);
  }

  @Serves(operations.updateEndpoint)
  update(input: EndpointsInput<'updateEndpoint'>): Promise<EndpointRecord> {
    return this.endpoints.update(input);
  }

  @Serves(operations.setEndpointStatus)
  setStatus(input: EndpointsInput<'setEndpointStatus'>): Promise<EndpointRecord> {
    return this.endpoints.setStatus(input);
  }

  @Serves(operations.deleteEndpoint)
  delete(input: EndpointsInput<'deleteEndpoint'>): Promise<EndpointRecord> {
    return this.endpoints.delete(input);
  }

  @Serves(operations.findModelUses)
  findModelUses(input: EndpointsInput<'findModelUses'>): Promise<EndpointsOutput<'findModelUses'>> {
    return this.endpoints.findModelUses(input);
  }

  @Serves(operations.listTiers)
  listTiers(): Promise<EndpointsOutput<'listTiers'>> {
    return this.endpoints.listTiers();
  }
}
