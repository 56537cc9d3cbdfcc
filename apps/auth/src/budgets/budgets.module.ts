import { Module } from '@nestjs/common';
import { ChangesModule } from '../changes/changes.module.ts';
import { BudgetsHandlers } from './budgets.handlers.ts';
import { BudgetsService } from './budgets.service.ts';

@Module({ imports: [ChangesModule], providers: [BudgetsHandlers, BudgetsService] })
export class BudgetsModule {}
