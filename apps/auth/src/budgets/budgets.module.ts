import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { BudgetsHandlers } from './budgets.handlers.ts';
import { BudgetsService } from './budgets.service.ts';
import { PendingAnnouncements } from './pending-announcements.ts';

@Module({ imports: [ChangesModule], providers: [BudgetsHandlers, BudgetsService, PendingAnnouncements] })
export class BudgetsModule {}
