import { Module } from '@nestjs/common';
import type { Logger } from '@xerotier/log';
import { CONFIG, LOGGER } from '@xerotier/service-host';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AuthConfig } from '../config.ts';
import { SecretsModule } from '../secrets/secrets.module.ts';
import { FileMailSender } from './file-mail-sender.ts';
import { MailPurge } from './mail-purge.ts';
import { MailQueue } from './mail-queue.ts';
import { MailRelay } from './mail-relay.ts';
import { MAIL_SENDER } from './mail-sender.ts';
import type { MailSender } from './mail-sender.ts';
import { SmtpMailSender } from './smtp-mail-sender.ts';

@Module({
  imports: [SecretsModule],
  providers: [
    MailQueue,
    MailRelay,
    MailPurge,
    {
      provide: MAIL_SENDER,
      inject: [CONFIG, LOGGER],
      useFactory: ({ mail }: AuthConfig, log: Logger): MailSender => {
        if (mail.smtpUrl !== undefined) return new SmtpMailSender(mail.smtpUrl, mail.from);
        const directory = mail.directory ?? join(tmpdir(), 'xerotier-mail');
        log.info('mail is written to files', { directory });
        return new FileMailSender(directory);
      },
    },
  ],
  exports: [MailQueue],
})
export class MailModule {}
