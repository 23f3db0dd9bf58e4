import js from '@eslint/js';
import nx from '@nx/eslint-plugin';
import tseslint from 'typescript-eslint';

/** Which kinds of project may import which: dependencies point one way. */
const depConstraints = [
  { sourceTag: 'type:core', onlyDependOnLibsWithTags: ['type:core'], bannedExternalImports: ['*'] },
  {
    sourceTag: 'type:contract',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract'],
    bannedExternalImports: ['etcd3', '@connectrpc/*'],
  },
  {
    sourceTag: 'type:store',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract'],
    bannedExternalImports: ['@connectrpc/*'],
  },
  {
    sourceTag: 'type:transport',
    onlyDependOnLibsWithTags: ['type:contract'],
    bannedExternalImports: ['etcd3'],
  },
  {
    sourceTag: 'type:client',
    onlyDependOnLibsWithTags: ['type:contract', 'type:transport'],
    bannedExternalImports: ['etcd3'],
  },
  {
    sourceTag: 'type:app',
    onlyDependOnLibsWithTags: ['type:core', 'type:contract', 'type:store', 'type:client'],
    bannedExternalImports: ['etcd3'],
  },
  { sourceTag: 'type:tool', onlyDependOnLibsWithTags: ['*'] },
];

export default tseslint.config(
  { ignores: ['**/dist', '**/out-tsc', '**/gen', '**/node_modules'] },
  js.configs.recommended,
  ...tseslint.configs.recommendedTypeChecked,
  {
    files: ['**/*.ts'],
    plugins: { '@nx': nx },
    languageOptions: {
      parserOptions: { projectService: { allowDefaultProject: ['vitest.config.ts', 'vitest.slow.config.ts'] } },
    },
    rules: {
      '@nx/enforce-module-boundaries': ['error', { allow: ['../../vitest.base.ts'], depConstraints }],
      '@typescript-eslint/consistent-type-imports': 'error',
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      eqeqeq: ['error', 'always'],
      'no-console': 'error',
    },
  },
  {
    files: [
      '**/*.test.ts',
      '**/test/**/*.ts',
      '**/testing/**/*.ts',
      '**/bench/**/*.ts',
      'tools/**/*.ts',
      '**/vitest.*config.ts',
    ],
    rules: {
      'no-console': 'off',
      '@nx/enforce-module-boundaries': [
        'error',
        {
          allow: ['../../vitest.base.ts', '../vitest.base.ts'],
          checkDynamicDependenciesExceptions: ['.*'],
          depConstraints: depConstraints.map(({ bannedExternalImports: _, ...rest }) => rest),
        },
      ],
    },
  },
  { files: ['**/*.js', '**/vitest.*config.ts'], ...tseslint.configs.disableTypeChecked },
);
