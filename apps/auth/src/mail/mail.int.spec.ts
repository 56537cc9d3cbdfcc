import { MasterKeys, SecretBox } from '@xerotier/sealing';
import { eventually } from '@xerotier/testing';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { SMTPServer } from 'smtp-server';
import { masterKey, runningAuth } from '../../test/running-auth.ts';
import type { MailMessage } from './mail-message.ts';
import { MailQueue } from './mail-queue.ts';
import { ATTEMPTS_MAX } from './mail-relay.ts';

interface ReceivedMail {
  readonly to: readonly string[];
  readonly raw: string;
}

/** The next responses to messages instead of 250. */
let rejections: number[] = [];
let received: ReceivedMail[] = [];
let isAuthBroken = false;
let smtp: SMTPServer;
let port = 0;

async function startSmtp(): Promise<void> {
  smtp = new SMTPServer({
    disabledCommands: ['STARTTLS'],
    authOptional: false,
    allowInsecureAuth: true,
    onAuth: ({ username, password }, _session, done) =>
      !isAuthBroken && username === 'xerotier' && password === 'p@ss'
        ? done(null, { user: username })
        : done(new Error('Wrong')),
    onData: (stream, { envelope }, done) => {
      text(stream).then((raw) => {
        const code = rejections.shift();
        if (code !== undefined) {
          done(
            Object.assign(new Error(`No ${envelope.rcptTo.map(({ address }) => address).join()}`), {
              responseCode: code,
            }),
          );
          return;
        }
        received.push({ to: envelope.rcptTo.map(({ address }) => address), raw });
        done();
      }, done);
    },
  });
  await new Promise<void>((resolve) => void smtp.listen(port, '127.0.0.1', resolve));
}

function stopSmtp(): Promise<void> {
  return new Promise((resolve) => smtp.close(resolve));
}

beforeAll(async () => {
  const probe = createServer();
  await new Promise<void>((resolve) => void probe.listen(0, '127.0.0.1', resolve));
  ({ port } = probe.address() as AddressInfo);
  await new Promise((resolve) => probe.close(resolve));
  await startSmtp();
});

const auth = runningAuth({
  env: () => ({ SMTP_URL: `smtp://xerotier:p%40ss@127.0.0.1:${port}`, MAIL_FROM: 'no-reply@xerotier.example' }),
});

afterAll(stopSmtp);

beforeEach(async () => {
  rejections = [];
  received = [];
  await auth.database.query('DELETE FROM auth.mail');
});

const queue = new MailQueue(new SecretBox(new MasterKeys(masterKey)));
const message: MailMessage = {
  to: 'ada@example.com',
  subject: 'Reset "Demo"',
  text: `Open this link:\n\nhttps://xerotier.example/reset#token=${'t0ken'.repeat(20)}\n`,
};

async function add(values: Partial<MailMessage> = {}, expiresAt?: Date): Promise<void> {
  await auth.database.transaction((manager) => queue.add(manager, { ...message, ...values }, expiresAt));
}

function rows(): Promise<{ attempts: number; failed_at: Date | null }[]> {
  return auth.database.query('SELECT attempts, failed_at FROM auth.mail');
}

/** Instead of waiting for the next attempt. */
async function attemptNow(): Promise<void> {
  await auth.database.query('UPDATE auth.mail SET next_attempt_at = now()');
}

it('sends a message after the commit, with its link in one piece, and deletes it', async () => {
  await add();
  await eventually('the message', () => received.length > 0);
  const [mail] = received;
  expect(mail?.to).toEqual(['ada@example.com']);
  expect(mail?.raw).toMatch(/^From: Xerotier <no-reply@xerotier\.example>\r$/m);
  expect(mail?.raw).toMatch(/^Message-ID: <[0-9a-f-]{36}@xerotier\.example>\r$/m);
  const body = (mail?.raw ?? '')
    .split('\r\n\r\n')
    .slice(1)
    .join('\r\n\r\n')
    .replaceAll('=\r\n', '')
    .replaceAll('=3D', '=');
  expect(body).toContain(`#token=${'t0ken'.repeat(20)}`);
  await eventually('the deletion', async () => (await rows()).length === 0);
});

it('sends nothing after a rollback', async () => {
  const work = auth.database.transaction(async (manager) => {
    await queue.add(manager, message);
    throw new Error('rolled back');
  });
  await expect(work).rejects.toThrow('rolled back');
  await add({ to: 'bo@example.com' });
  await eventually('the other message', () => received.length > 0);
  expect(received.map(({ to }) => to)).toEqual([['bo@example.com']]);
});

it('tries again after a temporary rejection, and logs neither recipient nor link', async () => {
  rejections = [451];
  await add();
  await eventually('the first attempt', () => rejections.length === 0);
  await eventually('the retry', () => auth.logText().includes('mail failed, retrying'));
  expect(received).toEqual([]);
  await attemptNow();
  await eventually('the second attempt', () => received.length > 0);
  expect(auth.logText()).not.toContain('ada@example.com');
  expect(auth.logText()).not.toContain('t0ken');
});

it('gives up after a permanent rejection', async () => {
  rejections = [550];
  await add();
  await eventually('the failure', async () => (await rows())[0]?.failed_at != null);
  expect(auth.logText()).toContain('"responseCode":550');
  await attemptNow();
  await add({ to: 'bo@example.com' });
  await eventually('the other message', () => received.length > 0);
  expect(received.map(({ to }) => to)).toEqual([['bo@example.com']]);
});

it('tries again when the server rejects our password, since that can be mended', async () => {
  isAuthBroken = true;
  await add();
  await eventually('it was rejected', () => auth.logText().includes('"responseCode":535'));
  expect(received).toEqual([]);
  isAuthBroken = false;
  await attemptNow();
  await eventually('the message arrives', () => received.length === 1);
});

it('gives up after the last attempt', async () => {
  rejections = [451, 451];
  await add();
  await eventually('the first attempt', () => rejections.length === 1);
  await eventually('its end', async () => (await rows())[0]?.attempts === 1);
  await auth.database.query('UPDATE auth.mail SET attempts = $1, next_attempt_at = now()', [ATTEMPTS_MAX - 1]);
  await eventually('the failure', async () => (await rows())[0]?.failed_at != null);
});

it('waits for a server that is down', async () => {
  await stopSmtp();
  await add();
  await eventually('an attempt', () => auth.logText().includes('"code":"ESOCKET"'));
  await startSmtp();
  await attemptNow();
  await eventually('the message', () => received.length > 0);
});

it('sends a message again whose sender was killed', async () => {
  // What a claim leaves behind.
  await auth.database.transaction(async (manager) => {
    await queue.add(manager, message);
    await manager.query("UPDATE auth.mail SET attempts = 1, next_attempt_at = now() + interval '2 seconds'");
  });
  await eventually('the message', () => received.length > 0);
  expect(received).toHaveLength(1);
});

it('does not send a message whose link has expired', async () => {
  await add({}, new Date(Date.now() - 1));
  await eventually('the deletion', async () => (await rows()).length === 0);
  expect(received).toEqual([]);
});

it('rejects what would add headers or recipients', async () => {
  await expect(add({ subject: 'Hi\r\nBcc: eve@example.com' })).rejects.toThrow(RangeError);
  await expect(add({ to: 'ada@example.com,eve@example.com' })).rejects.toThrow(RangeError);
});

it('stores no link in clear text', async () => {
  await stopSmtp();
  await add();
  const [row] = await auth.database.query<{ content: Buffer }[]>('SELECT content FROM auth.mail');
  expect(row?.content.toString('latin1')).not.toContain('token');
  await startSmtp();
});
