import { loadConfig } from '@xerotier/config';
import { auditAnchored } from '@xerotier/contracts/auth';
import type { AuditAnchor } from '@xerotier/contracts/auth';
import { Bus, connectBus, ensureStream, lastEvents } from '@xerotier/nats';
import { CommandError, createCommandApp, UsageError } from '@xerotier/service-host';
import type { Command, CommandContext } from '@xerotier/service-host';
import { createReadStream } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { settings } from '../config.ts';
import { AuditCommandModule } from './audit-command.module.ts';
import { AuditAnchorsService } from './audit-anchors.service.ts';
import { AuditLogService } from './audit-log.service.ts';
import type { AuditVerification } from './audit-log.service.ts';
import { verifyExport } from './exported-log.ts';
import { HeadSigner } from './head-signer.ts';

export const audit: Command = {
  name: 'audit',
  usage: [
    {
      call: 'audit verify [project]',
      does: 'verifies the audit logs of the platform and all projects, or of one (a project or `system`)',
    },
    {
      call: 'audit verify --anchors',
      does: 'also compares the audit logs with their anchors in NATS, which a restored database does not match',
    },
    {
      call: 'audit verify-file <file> <public-key-file>',
      does: 'verifies an exported audit log, without the database',
    },
    { call: 'audit public-key', does: 'prints the public key that audit logs are signed with' },
  ],
  run: runAudit,
};

async function runAudit(args: readonly string[], context: CommandContext): Promise<void> {
  const [action, ...values] = args;
  if (action === 'verify' && values.length === 1 && values[0] === '--anchors') return verifyAnchors(context);
  if (action === 'verify' && values.length <= 1) return verifyLogs(values[0], context);
  if (action === 'verify-file' && values.length === 2) return verifyFile(values[0] ?? '', values[1] ?? '', context);
  if (action === 'public-key' && values.length === 0) return printPublicKey(context);
  throw new UsageError('expected verify, verify-file or public-key.');
}

/** Prints a line per log. Exit code 1 if there is a problem. */
async function verifyLogs(project: string | undefined, context: CommandContext): Promise<void> {
  const app = await createCommandApp(AuditCommandModule, loadConfig(settings, context.env), context);
  try {
    const log = app.get(AuditLogService);
    let failed = 0;
    for (const projectId of project === undefined ? await log.logs() : [project])
      if (!report(await log.verify(projectId), context)) failed += 1;
    if (failed > 0) throw new CommandError(`${failed} audit logs are not valid.`);
  } finally {
    await app.close();
  }
}

/** As `verifyLogs`, and prints a line per log that differs from its anchor. */
async function verifyAnchors(context: CommandContext): Promise<void> {
  const config = loadConfig(settings, context.env);
  const anchors = await storedAnchors(config.nats.url, context);
  const app = await createCommandApp(AuditCommandModule, config, context);
  try {
    const { problems, unanchored } = await app.get(AuditAnchorsService).compare(anchors);
    for (const problem of problems) context.stdout.write(`${JSON.stringify(problem)}\n`);
    context.stdout.write(
      `${JSON.stringify({ anchors: anchors.size, different: problems.length, newer: unanchored.length })}\n`,
    );
    if (problems.length > 0) throw new CommandError(`${problems.length} audit logs differ from their anchors.`);
  } finally {
    await app.close();
  }
  await verifyLogs(undefined, context);
}

async function storedAnchors(url: string, { log }: CommandContext): Promise<Map<string, AuditAnchor>> {
  const connection = await connectBus({ url, name: 'auth-command', log });
  const bus = new Bus(connection, { log });
  try {
    await ensureStream(connection, auditAnchored);
    const events = await lastEvents(connection, auditAnchored);
    return new Map(events.map((anchor) => [anchor.projectId, anchor]));
  } finally {
    await bus.close();
  }
}

async function verifyFile(file: string, keyFile: string, context: CommandContext): Promise<void> {
  const publicKey = await readFile(keyFile, 'utf8');
  const lines = createInterface({ input: createReadStream(file), crlfDelay: Infinity });
  if (!report(await verifyExport(lines, publicKey), context)) throw new CommandError('The audit log is not valid.');
}

function printPublicKey({ env, stdout }: CommandContext): void {
  const { keys } = loadConfig(settings, env);
  stdout.write(new HeadSigner(keys.master).publicKey);
}

function report(verification: AuditVerification, { stdout }: CommandContext): boolean {
  stdout.write(`${JSON.stringify(verification)}\n`);
  return verification.problem === undefined;
}
