import { Injectable } from '@nestjs/common';
import type { ReadinessChecks } from '@xerotier/process';

/** The checks of `/readyz`. Modules add theirs when they are created. */
@Injectable()
export class ReadinessRegistry {
  readonly #checks: Record<string, ReadinessChecks[string]> = {};

  /** @throws {Error} when a check with this name exists. */
  add(name: string, check: ReadinessChecks[string]): void {
    if (Object.hasOwn(this.#checks, name)) throw new Error(`Duplicate readiness check '${name}'.`);
    this.#checks[name] = check;
  }

  get checks(): ReadinessChecks {
    return this.#checks;
  }
}
