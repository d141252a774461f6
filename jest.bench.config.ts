import type { Config } from 'jest';

// with its extension: Node >= 22.18 loads TypeScript by itself, and adds no extension
// eslint-disable-next-line @typescript-eslint/no-require-imports -- CommonJS on purpose, as in jest.config.ts
const base = require('./jest.config.ts') as Config;

const config: Config = {
  ...base,
  roots: ['<rootDir>/spec/bench'],
  testMatch: ['**/*.bench.ts'],
};

module.exports = config;
