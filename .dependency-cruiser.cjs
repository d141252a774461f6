/** @type {import('dependency-cruiser').IConfiguration} */
module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'machines-are-pure',
      severity: 'error',
      comment:
        'the charts declare what they need of an actor as types of their own; real actors come in with provide()',
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
      comment: "a socket's end serves any connection: it knows neither the port that it came by nor its neighbours",
      from: { path: '^actors/socket/' },
      to: { path: '^actors/(listener|registry)/' },
    },
    {
      name: 'core-without-inspector',
      severity: 'error',
      comment: 'a server that nobody watches loads nothing of it; the command does when it is asked to',
      from: { path: '^server/', pathNot: '^server/(inspect|diagram|testing)/|^server/command/diagramCommand' },
      to: { path: '^server/(inspect|diagram)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-without-operations',
      severity: 'error',
      comment: 'nor is a server measured, logged or shown over HTTP that nobody asked to have so',
      from: { path: '^server/', pathNot: '^server/(log|metrics|monitor)/|^server/command/pinoReporter' },
      to: { path: '^server/(log|metrics|monitor)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'peers-on-demand',
      severity: 'error',
      comment: 'what a user need not install is loaded by loadPeer, when it is asked for',
      from: { path: '^(machines|actors|server)/' },
      to: { path: 'node_modules/(prom-client|pino|pino-pretty|@opentelemetry)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'core-without-testing',
      severity: 'error',
      comment: 'what runs in production is not made for tests',
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
