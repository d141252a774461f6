import type { Config } from 'jest';

// its whole name: Node >= 22.18 loads it by itself, and adds no ending
// eslint-disable-next-line @typescript-eslint/no-require-imports -- CommonJS on purpose, as there
const base = require('./jest.config.ts') as Config;

const config: Config = {
  ...base,
  roots: ['<rootDir>/spec/bench'],
  testMatch: ['**/*.bench.ts'],
};

module.exports = config;
