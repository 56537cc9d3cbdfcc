import { Injectable, Module } from '@nestjs/common';
import type { OnApplicationShutdown, OnModuleDestroy } from '@nestjs/common';
import { capturedLog } from '@xerotier/log/testing';
import { startService } from './start-service.ts';

let failing: 'nothing' | 'onModuleDestroy' | 'onApplicationShutdown';
let closed: string[];
beforeEach(() => {
  failing = 'nothing';
  closed = [];
});

@Injectable()
class Failing implements OnModuleDestroy, OnApplicationShutdown {
  onModuleDestroy(): Promise<void> {
    return failing === 'onModuleDestroy' ? Promise.reject(new Error('a timer is stuck')) : Promise.resolve();
  }

  onApplicationShutdown(): Promise<void> {
    return failing === 'onApplicationShutdown' ? Promise.reject(new Error('a socket is stuck')) : Promise.resolve();
  }
}

@Injectable()
class Other implements OnApplicationShutdown {
  onApplicationShutdown(): void {
    closed.push('other');
  }
}

@Module({ providers: [Failing, Other] })
class ThingsModule {}

describe('a service that closes', () => {
  it('resolves when everything is closed', async () => {
    const service = await startService({ name: 'things', module: ThingsModule }, {} as never, capturedLog().log);
    await service.close();
    expect(closed).toEqual(['other']);
  });

  it.each(['onModuleDestroy', 'onApplicationShutdown'] as const)(
    'rejects when %s fails, with the reason in the log, and closes the rest',
    async (hook) => {
      failing = hook;
      const { log, text } = capturedLog();
      const service = await startService({ name: 'things', module: ThingsModule }, {} as never, log);
      await expect(service.close()).rejects.toThrow('could not be closed');
      expect(text()).toContain('is stuck');
      expect(closed).toEqual(['other']);
    },
  );
});
