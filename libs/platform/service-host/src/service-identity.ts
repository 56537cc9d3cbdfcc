import { randomBytes } from 'node:crypto';

/** Which service this is, and which of its replicas. */
export class ServiceIdentity {
  readonly service: string;
  /** Eight hexadecimal digits that are this process's own. */
  readonly instance: string;

  constructor(service: string, instance: string = randomBytes(4).toString('hex')) {
    this.service = service;
    this.instance = instance;
  }

  /** The name under which servers list this process's connections, for example `auth-1f3a9c20`. */
  get connectionName(): string {
    return `${this.service}-${this.instance}`;
  }
}
