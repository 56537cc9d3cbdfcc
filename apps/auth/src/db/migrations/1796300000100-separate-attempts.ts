import type { MigrationInterface, QueryRunner } from 'typeorm';

const BEFORE = ['sign_in', 'registration', 'mail'];
const AFTER = [
  'sign_in',
  'second_factor',
  'registration',
  'password_reset_mail',
  'verification_mail',
  'invitation_mail',
];

/** Codes have a limit of their own, and so has each purpose of mail. Earlier mail, of an unknown purpose, no longer counts. */
export class SeparateAttempts1796300000100 implements MigrationInterface {
  async up(runner: QueryRunner): Promise<void> {
    await changeKinds(runner, AFTER);
  }

  async down(runner: QueryRunner): Promise<void> {
    await changeKinds(runner, BEFORE);
  }
}

async function changeKinds(runner: QueryRunner, kinds: readonly string[]): Promise<void> {
  await runner.query('DELETE FROM auth.account_attempt WHERE kind <> ALL ($1)', [kinds]);
  const list = kinds.map((kind) => `'${kind}'`).join(', ');
  await runner.query(`
    ALTER TABLE auth.account_attempt
      DROP CONSTRAINT account_attempt_kind_check,
      ADD CONSTRAINT account_attempt_kind_check CHECK (kind IN (${list}))`);
}
