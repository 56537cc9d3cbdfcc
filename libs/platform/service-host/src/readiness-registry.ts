import { Injectable } from '@nestjs/common';
import type { ReadinessChecks } from '@xerotier/process';

/** What `/readyz` looks at. Modules add their checks when they are created. */
@Injectable()
export class ReadinessRegistry {
  readonly #checks: Record<string, ReadinessChecks[string]> = {};

  /** @throws {Error} when a check of this name exists. */
  add(name: string, check: ReadinessChecks[string]): void {
    if (Object.hasOwn(this.#checks, name)) throw new Error(`There are two readiness checks called '${name}'.`);
    this.#checks[name] = check;
  }

  get checks(): ReadinessChecks {
    return this.#checks;
  }
}
