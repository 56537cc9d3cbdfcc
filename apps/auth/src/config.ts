import { integer, secret, setting, url } from '@xerotier/config';
import type { ConfigOf } from '@xerotier/config';
import { databaseSettings } from '@xerotier/db';
import { natsSettings, serviceSettings } from '@xerotier/process';
import { sealingKey } from '@xerotier/sealing';
import { z } from 'zod';

/** The settings of the auth service. */
export const settings = {
  service: serviceSettings,
  database: databaseSettings,
  nats: natsSettings,
  keys: {
    pepper: secret(
      'AUTH_KEY_PEPPER',
      z.string().min(32, 'must be at least 32 characters long'),
      'Secret of at least 32 characters that the stored hashes of API keys depend on, so that a copy of the database alone cannot verify a key. Generate one with `openssl rand -base64 32`, keep it outside the database, and never change it: all keys would become invalid.',
    ),
    master: secret(
      'AUTH_MASTER_KEY',
      sealingKey,
      'Key of 32 bytes, in base64 or hexadecimal, that secrets in the database are encrypted with, and that the signing key of the audit log is derived from. Generate one with `openssl rand -base64 32` and keep it outside the database: without it, nobody can sign in with a second factor, requests that are repeated with their Idempotency-Key fail, and the signatures of the audit log cannot be verified.',
    ),
    previousMaster: secret(
      'AUTH_MASTER_KEY_PREVIOUS',
      sealingKey.optional(),
      'The previous AUTH_MASTER_KEY, during a rotation: what it protects remains readable, until the command `reencrypt` prints that it is no longer needed.',
    ),
  },
  usage: {
    sealKey: secret(
      'USAGE_SEAL_KEY',
      sealingKey,
      'Key of 32 bytes, in base64 or hexadecimal, the same as that of gateway and responses: decrypts what workers report with the usage of a request. Generate one with `openssl rand -hex 32`.',
    ),
    previousSealKey: secret(
      'USAGE_SEAL_KEY_PREVIOUS',
      sealingKey.optional(),
      'The previous USAGE_SEAL_KEY, while requests that started before a rotation still run.',
    ),
    graceSeconds: setting(
      'USAGE_GRACE_SECONDS',
      integer({ min: 1, max: 3_600 }).default(60),
      'Seconds for which the usage record of a gateway may be late; then the ledger is written from the reports of workers. A backlog of auth does not count: it delays rows. Default 60.',
    ),
  },
  mail: {
    smtpUrl: secret(
      'SMTP_URL',
      url('smtp', 'smtps').optional(),
      'SMTP server for mail to users, such as smtp://user:password@mail.example.com:587 (STARTTLS if the server offers it; `?requireTLS=true` requires it) or smtps://... (TLS). Default: mail is written to files in MAIL_DIRECTORY.',
    ),
    from: setting(
      'MAIL_FROM',
      z.email().default('xerotier@localhost.localdomain'),
      'Sender address of mail. Default xerotier@localhost.localdomain, which most servers reject.',
    ),
    directory: setting(
      'MAIL_DIRECTORY',
      z.string().min(1).optional(),
      'Folder that mail is written to without SMTP_URL, one JSON file per message. The files contain links that sign in to accounts: only the user of the service can read them. Default: `xerotier-mail` in the folder for temporary files.',
    ),
    publicUrl: setting(
      'PUBLIC_URL',
      url('http', 'https').default('http://127.0.0.1:8080'),
      'URL of the site, which links in mail begin with. Default http://127.0.0.1:8080.',
    ),
  },
  audit: {
    anchorSeconds: setting(
      'AUDIT_ANCHOR_SECONDS',
      integer({ min: 1, max: 86_400 }).default(30),
      'Seconds between two comparisons of the audit logs with their anchors, the heads that are kept in the JetStream stream AUDIT_ANCHORS; changes since the last one are not anchored yet. Default 30.',
    ),
  },
  bootstrap: {
    adminEmail: setting(
      'BOOTSTRAP_ADMIN_EMAIL',
      z.email().max(254).optional(),
      'The account with this e-mail address becomes the first admin of the platform as soon as the address is verified, as long as there is no admin. Default: none; the command `bootstrap` prints a one-time token instead.',
    ),
  },
  identities: {
    github: {
      clientId: setting(
        'GITHUB_CLIENT_ID',
        z.string().min(1).optional(),
        'Client id of an OAuth app at GitHub, whose callback URL is PUBLIC_URL with /api/v1/sign-in/github/callback. With it, users can sign in by GitHub. Not set by default.',
      ),
      clientSecret: secret(
        'GITHUB_CLIENT_SECRET',
        z.string().min(1).optional(),
        'Client secret of the OAuth app at GitHub; required with GITHUB_CLIENT_ID.',
      ),
      url: setting(
        'GITHUB_URL',
        url('http', 'https').default('https://github.com'),
        'URL of GitHub. Default https://github.com; set it for GitHub Enterprise Server.',
      ),
      apiUrl: setting(
        'GITHUB_API_URL',
        url('http', 'https').default('https://api.github.com'),
        'URL of the API of GitHub. Default https://api.github.com; https://HOST/api/v3 for GitHub Enterprise Server.',
      ),
    },
    oidc: {
      issuer: setting(
        'OIDC_ISSUER',
        url('http', 'https').optional(),
        'Issuer URL of an OpenID Connect provider, such as https://login.example.com. With it, users can sign in there. The callback URL is PUBLIC_URL with /api/v1/sign-in/oidc/callback. Identities belong to the issuer: with another one, users must be linked again. http is for tests only. Not set by default.',
      ),
      clientId: setting(
        'OIDC_CLIENT_ID',
        z.string().min(1).optional(),
        'Client id at the OpenID Connect provider; required with OIDC_ISSUER.',
      ),
      clientSecret: secret(
        'OIDC_CLIENT_SECRET',
        z.string().min(1).optional(),
        'Client secret at the OpenID Connect provider; required with OIDC_ISSUER.',
      ),
      name: setting(
        'OIDC_NAME',
        z.string().min(1).max(64).default('SSO'),
        'Name of the OpenID Connect provider for users. Default SSO.',
      ),
    },
  },
  passwords: {
    memoryKib: setting(
      'PASSWORD_HASH_MEMORY_KIB',
      integer({ min: 19_456, max: 1_048_576 }).default(65_536),
      'Memory of one password hash (Argon2id) in KiB; one or two are computed at a time. Stored passwords are hashed again at the next sign-in. Default 65536, minimum 19456.',
    ),
    passes: setting(
      'PASSWORD_HASH_PASSES',
      integer({ min: 2, max: 100 }).default(6),
      "Passes of a password hash over its memory: with the defaults a sign-in takes between 100 and 500 ms on today's servers. Default 6, minimum 2.",
    ),
  },
  accounts: {
    sessionDays: setting(
      'SESSION_DAYS',
      integer({ min: 1, max: 365 }).default(30),
      'Days after which a session ends, and its user has to sign in again. Default 30.',
    ),
    signInFailuresPerAccountAndAddress: setting(
      'SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS',
      integer({ min: 1, max: 1_000_000 }).default(10),
      'Maximum number of wrong passwords per account from the same IPv4 address or IPv6 network (/64) in 15 minutes. Default 10.',
    ),
    signInFailuresPerAccount: setting(
      'SIGN_IN_FAILURES_PER_ACCOUNT',
      integer({ min: 1, max: 1_000_000 }).default(100),
      'Maximum number of wrong passwords per account in 15 minutes, wherever they come from. Beyond it nobody can sign in to the account by its password: far above SIGN_IN_FAILURES_PER_ACCOUNT_AND_ADDRESS, so that it takes many networks. Default 100.',
    ),
    signInFailuresPerAddress: setting(
      'SIGN_IN_FAILURES_PER_ADDRESS',
      integer({ min: 1, max: 1_000_000 }).default(50),
      'Maximum number of wrong passwords, and of wrong codes of second factors, per IPv4 address or IPv6 network (/64) in 15 minutes. Default 50.',
    ),
    codeFailuresPerAccount: setting(
      'CODE_FAILURES_PER_ACCOUNT',
      integer({ min: 1, max: 1_000_000 }).default(10),
      'Maximum number of wrong codes of the second factor per account in 15 minutes, wherever they come from. Default 10.',
    ),
    registrationsPerAddress: setting(
      'REGISTRATIONS_PER_ADDRESS',
      integer({ min: 1, max: 1_000_000 }).default(10),
      'Maximum number of registrations per IPv4 address or IPv6 network (/64) in an hour. Default 10.',
    ),
    mailsPerRecipient: setting(
      'MAILS_PER_RECIPIENT',
      integer({ min: 1, max: 1_000_000 }).default(10),
      'Maximum number of password resets, verifications and invitations, each counted apart, that are mailed to a recipient in an hour. Default 10.',
    ),
    mailsPerAddress: setting(
      'MAILS_PER_ADDRESS',
      integer({ min: 1, max: 1_000_000 }).default(100),
      'Maximum number of password resets, verifications and invitations, each counted apart, that are requested from an IPv4 address or IPv6 network (/64) in an hour. Default 100.',
    ),
  },
} as const;

export type AuthConfig = ConfigOf<typeof settings>;
