import { setupProtocol } from './setupProtocol';

/** Kamaelia's `echo`: sends back whatever comes. */
export const echo = setupProtocol().createMachine({
  id: 'echo',
  on: { inbox: { actions: 'reply' } },
});
