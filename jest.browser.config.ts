import type { Config } from 'jest';

// with its extension: Node >= 22.18 loads TypeScript by itself, and adds no extension
// eslint-disable-next-line @typescript-eslint/no-require-imports -- CommonJS on purpose, as in jest.config.ts
const base = require('./jest.config.ts') as Config;

const config: Config = {
  ...base,
  roots: ['<rootDir>/spec/browser'],
  testMatch: ['**/*.browser.ts'],
  // a browser starts slowly on a busy machine
  testTimeout: 60_000,
  globalSetup: '<rootDir>/spec/browser/support/findChromium.ts',
};

module.exports = config;
