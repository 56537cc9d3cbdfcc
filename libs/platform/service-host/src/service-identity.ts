import { newInstanceId } from '@xerotier/process';

/** Identifies the service and its replica. */
export class ServiceIdentity {
  readonly service: string;
  /** Eight random hexadecimal digits of this process. */
  readonly instance: string;

  constructor(service: string, instance: string = newInstanceId()) {
    this.service = service;
    this.instance = instance;
  }

  /** The name of this process's connections on servers, for example `auth-1f3a9c20`. */
  get connectionName(): string {
    return `${this.service}-${this.instance}`;
  }
}
