/** The spend cap of a project: `/v1/management/spend-cap`. */
import { Controller } from '@nestjs/common';
import { spendCapsContract } from '@xerotier/contracts/auth';
import type { ChangeContext, SpendCapRecord } from '@xerotier/contracts/auth';
import { Bus } from '@xerotier/nats';
import type { BodyOf, ResponseOf } from '@xerotier/public-api/operation';
import { getSpendCap, setSpendCap } from '@xerotier/public-api/spend-cap';
import type { ProjectAccess } from '../access/project-access.ts';
import { Operation } from '../operations/operation.decorator.ts';
import { OperationBody, RequestProject } from '../operations/operation-params.ts';
import { Change } from './change-context.ts';

const operations = spendCapsContract.operations;
type PublicSpendCap = ResponseOf<typeof getSpendCap>;

@Controller()
export class SpendCapController {
  constructor(private readonly bus: Bus) {}

  @Operation(getSpendCap)
  async get(@RequestProject() { project }: ProjectAccess): Promise<PublicSpendCap> {
    return publicSpendCapOf(await this.bus.call(operations.getSpendCap, { projectId: project.id }));
  }

  @Operation(setSpendCap)
  async set(
    @Change() context: ChangeContext,
    @OperationBody() { spend_cap_micros: capMicros }: BodyOf<typeof setSpendCap>,
  ): Promise<PublicSpendCap> {
    return publicSpendCapOf(await this.bus.call(operations.setSpendCap, { context, capMicros }));
  }
}

function publicSpendCapOf({ capMicros, spentMicros, endsAt }: SpendCapRecord): PublicSpendCap {
  return {
    object: 'spend_cap',
    spend_cap_micros: capMicros,
    spent_micros: spentMicros,
    resets_at: Math.floor(endsAt / 1_000),
  };
}
