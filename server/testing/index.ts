/** serverchart/testing: servers and clients in one process, without ports and with a clock that moves by hand. */
import '../../actors/xstate/requireXState';

export { modelPaths, type ModelPaths, type ModelPathsOptions } from './paths/modelPaths';
export type { Coverage } from './paths/coverage';
export type { ModelStep } from './paths/explore';
export type { Drive, ModelPath, RunOptions } from './paths/modelPath';
export type { Cell, Reaction } from './paths/reaction';
export { scenario, type ClientOptions, type Scenario, type ScenarioOptions } from './scenario/scenario';
export { forSeeds, type Seeds } from './scenario/forSeeds';
export { handler, type HandlerOptions, type HandlerScenario } from './scenario/handler';
export type { TestClient } from './scenario/testClient';
export type { TestPeer } from './scenario/testPeer';
export type { TestListener } from './scenario/testListener';
export { assertConnections, assertEmitted, assertInState } from './matchers/assertions';
export type { Connected, Emitter, PartialEvent, Stateful } from './matchers/checks';
export { matchers, type ScenarioMatchers } from './matchers/matchers';
export { ScenarioError } from './scenario/scenarioError';
export type { FaultOptions } from './network/faults';
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './network/memoryNetwork';
export { SimulatedClock } from './simulatedClock';
