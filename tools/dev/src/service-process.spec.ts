import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readRegistry } from '@xerotier/registry';
import { NODE_FLAGS } from './service-process.ts';

it('starts services with the flags of the image', () => {
  const dockerfile = readFileSync(join(import.meta.dirname, '../../../deploy/Dockerfile'), 'utf8');
  const commands = [...dockerfile.matchAll(/^CMD (\["node", .*\])$/gm)].map(
    ([, json = '']) => JSON.parse(json) as string[],
  );
  expect(commands).toHaveLength(readRegistry().length);
  for (const command of commands) expect(command.slice(1, -1)).toEqual(NODE_FLAGS);
});
