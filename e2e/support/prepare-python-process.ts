/** Installs what suites need of Python ahead of them: `npm test` runs this beside its build, since it mostly waits for a network. */
import { preparePython } from './python.ts';

for (const list of ['requirements.txt', 'requirements-llama-index.txt'] as const) await preparePython(list);
