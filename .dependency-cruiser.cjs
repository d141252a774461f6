/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'machines-are-pure',
      severity: 'error',
      comment:
        'the charts declare the actors that they need as types of their own; provide() brings in the real actors',
      from: { path: '^machines/' },
      to: { path: ['^(actors|server)/', '^(node:)?(net|tls|fs|http|dgram)$'], dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'actors-below-server',
      severity: 'error',
      from: { path: '^actors/' },
      to: { path: '^server/' },
    },
    {
      name: 'sockets-on-their-own',
      severity: 'error',
      comment: 'the actors of a socket serve any connection: they know neither the listener nor the other connections',
      from: { path: '^actors/socket/' },
      to: { path: '^actors/(listener|registry)/' },
    },
    {
      name: 'core-without-inspector',
      severity: 'error',
      comment: 'a server without an inspector loads nothing of it; the command loads it on request',
      from: { path: '^server/', pathNot: '^server/(inspect|diagram|testing)/|^server/command/diagramCommand' },
      to: { path: '^server/(inspect|diagram)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-without-operations',
      severity: 'error',
      comment: 'a server loads the code for logs, metrics and HTTP pages only on request',
      from: { path: '^server/', pathNot: '^server/(log|metrics|monitor)/|^server/command/pinoReporter' },
      to: { path: '^server/(log|metrics|monitor)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'peers-on-demand',
      severity: 'error',
      comment: 'loadPeer loads optional packages, and only on request',
      from: { path: '^(machines|actors|server)/' },
      to: { path: 'node_modules/(prom-client|pino|pino-pretty|@opentelemetry)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-without-testing',
      severity: 'error',
      comment: 'code that runs in production must not depend on test helpers',
      from: { path: '^server/', pathNot: '^server/testing/' },
      to: { path: '^server/testing/' },
    },
    {
      name: 'diagrams-below-inspector',
      severity: 'error',
      from: { path: '^server/diagram/' },
      to: { path: '^server/inspect/' },
    },
    { name: 'no-spec-in-lib', severity: 'error', from: { pathNot: '^(spec|scripts)/' }, to: { path: '^spec/' } },
    {
      name: 'no-dev-deps-in-lib',
      severity: 'error',
      from: { path: '^(machines|actors|server)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only', 'npm-peer'] },
    },
    { name: 'not-unresolvable', severity: 'error', from: {}, to: { couldNotResolve: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['require', 'node', 'default', 'types'],
    },
  },
};
