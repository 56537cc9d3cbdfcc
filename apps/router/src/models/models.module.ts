import { Module } from '@nestjs/common';
import { TypeOrmModule } from '@nestjs/typeorm';
import { ModelEntity } from './model.entity.ts';
import { ModelsHandlers } from './models.handlers.ts';
import { ModelsRepository } from './models.repository.ts';
import { ModelsService } from './models.service.ts';

@Module({
  imports: [TypeOrmModule.forFeature([ModelEntity])],
  providers: [ModelsHandlers, ModelsService, ModelsRepository],
  exports: [ModelsService],
})
export class ModelsModule {}
