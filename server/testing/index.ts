/** serverchart/testing: servers and clients in one process, without ports and with a clock that moves by hand. */
export { memoryNetwork, type MemoryNetwork, type MemoryNetworkOptions } from './memoryNetwork';
export { SimulatedClock } from './simulatedClock';
export type { Network } from '../../actors/network';
