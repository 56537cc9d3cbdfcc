import { Module } from '@nestjs/common';
import { MailModule } from '../mail/mail.module.ts';
import { SecurityNotices } from './security-notices.ts';

@Module({ imports: [MailModule], providers: [SecurityNotices], exports: [SecurityNotices] })
export class SecurityNoticesModule {}
