/** Installs the Python packages of the suites. `npm test` runs this during its build, since it mostly waits for the network. */
import { preparePython } from './python.ts';

for (const list of ['requirements.txt', 'requirements-llama-index.txt'] as const) await preparePython(list);
