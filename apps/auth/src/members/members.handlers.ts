import { Injectable } from '@nestjs/common';
import { membersContract } from '@xerotier/contracts/auth';
import type { MemberRecord } from '@xerotier/contracts/auth';
import { Serves } from '@xerotier/service-host';
import { MembersService } from './members.service.ts';
import type { MembersInput, MembersOutput } from './members.service.ts';

const operations = membersContract.operations;

/** Serves the members contract. */
@Injectable()
export class MembersHandlers {
  constructor(private readonly members: MembersService) {}

  @Serves(operations.listMembers)
  list(input: MembersInput<'listMembers'>): Promise<MembersOutput<'listMembers'>> {
    return this.members.list(input);
  }

  @Serves(operations.getMember)
  get(input: MembersInput<'getMember'>): Promise<MemberRecord> {
    return this.members.get(input);
  }

  @Serves(operations.updateMember)
  update(input: MembersInput<'updateMember'>): Promise<MemberRecord> {
    return this.members.update(input);
  }

  @Serves(operations.removeMember)
  remove(input: MembersInput<'removeMember'>): Promise<MemberRecord> {
    return this.members.remove(input);
  }
}
