import { Module } from '@nestjs/common';
import { BlobsModule } from '../blobs/blobs.module.ts';
import { UploadsModule } from '../uploads/uploads.module.ts';
import { ModelAssembliesJobs } from './model-assemblies.jobs.ts';
import { ModelAssembliesSweeper } from './model-assemblies.sweeper.ts';
import { ModelAssembler } from './model-assembler.ts';
import { ModelRemovalsConsumer } from './model-removals.consumer.ts';

@Module({
  imports: [BlobsModule, UploadsModule],
  providers: [ModelAssembler, ModelAssembliesJobs, ModelAssembliesSweeper, ModelRemovalsConsumer],
})
export class AssemblyModule {}
