/**
 * Lint rules that find defects; how code looks is prettier's business. Module boundaries are two axes of tags in each
 * project.json: `layer` (who may build on whom) and `scope` (an app's own things, or shared).
 */
import { readdirSync } from 'node:fs';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

const LAYERS = {
  'public-api': ['public-api'],
  contracts: ['contracts', 'public-api'],
  platform: ['platform', 'contracts', 'public-api'],
  domain: ['domain', 'platform', 'contracts', 'public-api'],
  app: ['domain', 'platform', 'contracts', 'public-api'],
  // Starts real servers for tests: production code must not import it, its own layer's tests and tools may.
  testing: ['testing', 'tool', 'platform', 'contracts', 'public-api'],
  tool: ['tool', 'testing', 'app', 'domain', 'platform', 'contracts', 'public-api'],
  e2e: ['tool', 'testing', 'domain', 'platform', 'contracts', 'public-api'],
};
const APPS = readdirSync(new URL('apps', import.meta.url));

/** The boundaries; `extraLayers` are those that every layer may import as well. */
const moduleBoundaries = (...extraLayers) => [
  'error',
  {
    enforceBuildableLibDependency: false,
    depConstraints: [
      ...Object.entries(LAYERS).map(([layer, allowed]) => ({
        sourceTag: `layer:${layer}`,
        onlyDependOnLibsWithTags: [...allowed, ...extraLayers].map((name) => `layer:${name}`),
      })),
      ...APPS.map((app) => ({
        sourceTag: `scope:${app}`,
        onlyDependOnLibsWithTags: ['scope:shared', `scope:${app}`],
      })),
    ],
  },
];

/** Code of tests that lives beside what it tests. None of it is imported by production code. */
const TEST_FILES = ['**/*.spec.ts', '**/test/**/*.ts', '**/testing/**/*.ts', '**/testing.ts', '**/*.testing.ts'];

export default tseslint.config(
  {
    ignores: [
      '**/dist/**',
      '**/node_modules/**',
      '.nx/**',
      '.xerotier/**',
      '.cache/**',
      'coverage/**',
      'tools/bench/portkey/**',
    ],
  },
  {
    files: ['**/*.ts'],
    extends: [...tseslint.configs.recommendedTypeChecked],
    // For everything at once the program of the root, since one per project would check what they share again and again;
    // for one project, as Nx runs it, its own (`true` is the nearest tsconfig.json).
    languageOptions: {
      parserOptions: {
        project: process.env.NX_TASK_TARGET_TARGET === 'lint' ? true : 'tsconfig.json',
        tsconfigRootDir: import.meta.dirname,
      },
    },
    plugins: { '@nx': nx },
    rules: {
      '@nx/enforce-module-boundaries': moduleBoundaries(),
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': ['error', { checksVoidReturn: { arguments: false } }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      // Interfaces in this code base promise promises; whether an implementation needs `await` is its own affair.
      '@typescript-eslint/require-await': 'off',
      'no-restricted-syntax': [
        'error',
        { selector: 'ExportAllDeclaration', message: 'Export by name: a reader must see what a module offers.' },
        { selector: 'TSEnumDeclaration', message: 'Use a union of strings, or an `as const` object.' },
      ],
      'no-console': 'error',
    },
  },
  {
    // Settings are read once, by the config library; tools and tests start processes and may hand an environment on.
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: ['libs/platform/config/**', '**/*.spec.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        {
          object: 'process',
          property: 'env',
          message: 'Describe the setting in config.ts; only @xerotier/config reads the environment.',
        },
      ],
    },
  },
  {
    // Tags tell projects apart, not entry points and folders of one project.
    files: ['apps/**/*.ts', 'libs/**/*.ts'],
    ignores: TEST_FILES,
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '(^@xerotier/[\\w-]+/testing|/test/.*|/testing/.*|[/.]testing\\.ts|\\.spec\\.ts)$',
              message: 'Only tests import what is made for tests.',
            },
          ],
        },
      ],
    },
  },
  {
    files: TEST_FILES,
    rules: { '@nx/enforce-module-boundaries': moduleBoundaries('testing') },
  },
  {
    // Command-line programs talk to people; their targets are plain objects whose functions need no `this`.
    files: ['tools/**/*.ts'],
    rules: { 'no-console': 'off', '@typescript-eslint/unbound-method': 'off' },
  },
  {
    files: ['**/*.spec.ts', '**/*.e2e.ts', 'e2e/**/*.ts'],
    rules: {
      // Matchers and parsed JSON are loosely typed; a test that reads a wrong field fails by itself.
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
      '@typescript-eslint/no-unsafe-argument': 'off',
      '@typescript-eslint/no-unsafe-call': 'off',
      '@typescript-eslint/no-unsafe-return': 'off',
      '@typescript-eslint/unbound-method': 'off',
    },
  },
);
