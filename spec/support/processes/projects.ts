/** Modules as users write them, in every kind of project that Node and TypeScript know. */

type Files = Readonly<Record<string, string>>;

/** A user's protocol, which sends its helper's greeting, then echoes. `helper` is the path of the helper's module. */
export const typescript = (exported: string, helper = './helper'): string => `
  import { setupProtocol, type ConnectionInfo } from 'serverchart';
  import { greeting } from '${helper}';

  const protocol = (name: string) =>
    setupProtocol().createMachine({
      entry: { type: 'reply', params: { data: greeting satisfies string } },
      on: { inbox: { actions: 'reply' }, 'control.serverShutdown': { actions: 'finish' } },
    });
  const factory = (info: ConnectionInfo) => protocol(info.id);
  const logic = protocol('every connection');
  ${exported}
`;
const javascript = (imports: string, exported: string): string => `
  ${imports}
  const logic = fromCallback(({ emit, receive }) => {
    emit({ type: 'outbox', data: greeting });
    receive((event) => {
      if (event.type === 'inbox') emit({ type: 'outbox', data: event.data });
    });
  });
  const factory = (info) => (info.peer === '127.0.0.1' ? logic : undefined);
  ${exported}
`;

export const typedHelper = "export const greeting: string = 'hi!';";
const esmImports = "import { fromCallback } from 'xstate'; import { greeting } from './helper.js';";
const cjsImports = "const { fromCallback } = require('xstate'); const { greeting } = require('./helper.js');";
const esm = JSON.stringify({ type: 'module' });
const commonjs = JSON.stringify({ type: 'commonjs' });

/** Projects: the title, the file to serve, and a function that returns the project's files for the exported name. */
export const projects: readonly (readonly [string, string, (name: string) => Files])[] = [
  [
    'TypeScript, CommonJS',
    'protocol.ts',
    (name: string): Files => ({
      'package.json': commonjs,
      'helper.ts': typedHelper,
      'protocol.ts': typescript(`export default ${name};`),
    }),
  ],
  [
    'TypeScript, CommonJS, with export =',
    'protocol.cts',
    (name: string): Files => ({ 'helper.ts': typedHelper, 'protocol.cts': typescript(`export = ${name};`) }),
  ],
  [
    'TypeScript, ESM, whose ./helper.js is helper.ts',
    'protocol.ts',
    (name: string): Files => ({
      'package.json': esm,
      'helper.ts': typedHelper,
      'protocol.ts': typescript(`export default ${name};`, './helper.js'),
    }),
  ],
  [
    'TypeScript, .mts, whose ./helper.mjs is helper.mts',
    'protocol.mts',
    (name: string): Files => ({
      'package.json': commonjs,
      'helper.mts': typedHelper,
      'protocol.mts': typescript(`export { ${name} as default };`, './helper.mjs'),
    }),
  ],
  [
    'JavaScript, CommonJS',
    'protocol.js',
    (name: string): Files => ({
      'helper.js': "exports.greeting = 'hi!';",
      'protocol.js': javascript(cjsImports, `module.exports = ${name};`),
    }),
  ],
  [
    'JavaScript, CommonJS, as compiled from ESM',
    'dist/protocol.js',
    (name: string): Files => ({
      'dist/helper.js': "exports.greeting = 'hi!';",
      'dist/protocol.js': javascript(
        cjsImports,
        `Object.defineProperty(exports, '__esModule', { value: true }); exports.default = ${name};`,
      ),
    }),
  ],
  [
    'JavaScript, ESM',
    'protocol.js',
    (name: string): Files => ({
      'package.json': esm,
      'helper.js': "export const greeting = 'hi!';",
      'protocol.js': javascript(esmImports, `export default ${name};`),
    }),
  ],
  [
    'JavaScript, ESM, that awaits while it loads',
    'protocol.mjs',
    (name: string): Files => ({
      'protocol.mjs': javascript(
        "const { fromCallback } = await import('xstate'); const greeting = await Promise.resolve('hi!');",
        `export default ${name};`,
      ),
    }),
  ],
];
