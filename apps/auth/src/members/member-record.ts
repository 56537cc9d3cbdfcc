import type { MemberRecord } from '@xerotier/contracts/auth';
import type { MemberRow } from './members.repository.ts';

export function memberRecordOf({ createdAt, ...member }: MemberRow): MemberRecord {
  return { ...member, createdAt: createdAt.getTime() };
}
