// @ts-check
import js from '@eslint/js';
import { defineConfig, globalIgnores } from 'eslint/config';
import jest from 'eslint-plugin-jest';
import tseslint from 'typescript-eslint';

export default defineConfig(
  globalIgnores(['dist/', 'coverage/', 'reports/', 'docs/']),
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/consistent-type-imports': ['error', { fixStyle: 'inline-type-imports' }],
      '@typescript-eslint/explicit-module-boundary-types': 'error',
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/no-unused-vars': ['error', { ignoreRestSiblings: true }],
      // the rule calls assertions unnecessary from which XState's setup() infers its types
      '@typescript-eslint/no-unnecessary-type-assertion': 'off',
      '@typescript-eslint/no-import-type-side-effects': 'error',
    },
  },
  {
    files: ['machines/**/*.ts'],
    rules: {
      // A machine stays pure: no sockets, files or timers of its own.
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(node:)?(net|tls|fs|http|dgram)(/|$)',
              allowTypeImports: true,
              message: 'machines/ must not do I/O: put it in actors/.',
            },
          ],
        },
      ],
      'no-restricted-globals': ['error', 'setTimeout', 'setInterval', 'setImmediate'],
    },
  },
  {
    files: ['spec/**/*.ts'],
    ...jest.configs['flat/recommended'],
    rules: {
      ...jest.configs['flat/recommended'].rules,
      'jest/no-focused-tests': 'error',
      'jest/no-disabled-tests': 'error',
      // the methods of a scenario's clients are expectations: they fail a test, too
      'jest/expect-expect': [
        'error',
        {
          assertFunctionNames: [
            'expect',
            'assert*',
            '**.receives',
            '**.receivesNothing',
            '**.outbox',
            '**.isOpen',
            '**.isEnded',
            '**.isClosed',
            '**.isRejected',
            '**.hasFailed',
            '**.hasClosed',
          ],
        },
      ],
    },
  },
);
