/**
 * jest's environment for Node, in which teardown mirrors setup, as in other test runners: of the `afterAll` and `afterEach` hooks of a
 * block, the last one defined runs first. In jest they run in the order of their definition, so the servers that a helper starts at
 * the top of a file would stop before what is connected to them.
 */
import { TestEnvironment } from 'jest-environment-node';

export default class NodeEnvironment extends TestEnvironment {
  handleTestEvent({ name }, { rootDescribeBlock }) {
    if (name === 'run_start') mirrorTeardown(rootDescribeBlock);
  }
}

function mirrorTeardown(block) {
  const isTeardown = ({ type }) => type === 'afterAll' || type === 'afterEach';
  const teardown = block.hooks.filter(isTeardown).reverse();
  block.hooks = [...block.hooks.filter((hook) => !isTeardown(hook)), ...teardown];
  for (const child of block.children) if (child.type === 'describeBlock') mirrorTeardown(child);
}
