// Compiles what is required, in a tenth of the time that ts-node takes, and without Node's `domain` module in each event.
const { readFileSync } = require('node:fs');
const { transformSync } = require('@swc/core');

require.extensions['.ts'] = (module, filename) => {
  const jsc = { target: 'es2023', parser: { syntax: 'typescript' } };
  const source = readFileSync(filename, 'utf8');
  module._compile(transformSync(source, { filename, jsc, module: { type: 'commonjs' } }).code, filename);
};
