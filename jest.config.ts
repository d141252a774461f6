import type { Config } from 'jest';

// A folder with another XState than the one that is installed, for `.ci/run`. Programs that a spec starts through
// spec/support/swcHook.cjs get it as well; those that run the compiled package (`installed()`) don't.
const { SERVERCHART_XSTATE: xstate } = process.env;

const config: Config = {
  testEnvironment: 'node',
  // a machine with two cores would get one worker, and many specs wait for processes of their own
  maxWorkers: '100%',
  roots: ['<rootDir>/machines', '<rootDir>/actors', '<rootDir>/server', '<rootDir>/spec', '<rootDir>/examples'],
  // for the slowest machine: a spec awaits events, so it takes no longer than it must
  testTimeout: 20_000,
  testMatch: ['**/*.spec.ts'],
  moduleNameMapper: xstate === undefined ? {} : { '^xstate($|/.*)': `${xstate}/node_modules/xstate$1` },
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2023', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  collectCoverageFrom: ['{machines,actors,server}/**/*.ts', '!server/command/cli.ts'],
  setupFilesAfterEnv: ['<rootDir>/spec/support/noLeaks.ts'],
  coverageProvider: 'v8',
  coverageDirectory: 'coverage',
  coverageThreshold: { global: { statements: 70, branches: 60, functions: 30, lines: 70 } },
};

// CommonJS on purpose: Node >= 22.18 loads this file by stripping its types, Node 20 through ts-node.
module.exports = config;
