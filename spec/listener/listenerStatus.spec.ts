import { describe, expect, it } from '@jest/globals';
import { ListenerStage, type Name, type Status } from '../support/listenerStage';

/** For each status and event: the listener's answer, and its status afterwards. */
const answers: Readonly<Record<Status, Readonly<Record<Name, readonly [told: string, then: Status]>>>> = {
  suspended: {
    resume: ['listening', 'listening'],
    suspend: ['', 'suspended'],
    shutdown: ['closed', 'closed'],
    tlsReload: ['tlsReloadFailed', 'suspended'],
    'error of a client': ['', 'suspended'],
    'error of the socket': ['', 'suspended'],
    connection: ['', 'suspended'],
    'listening of Node': ['', 'suspended'],
  },
  opening: {
    resume: ['listening', 'listening'],
    suspend: ['', 'suspended'],
    shutdown: ['closed', 'closed'],
    tlsReload: ['tlsReloadFailed listening', 'listening'],
    // before Node's server listens, any error means that it can't
    'error of a client': ['failed', 'failed'],
    'error of the socket': ['failed', 'failed'],
    // Node never does this; if it did, the client would be served like any other
    connection: ['newCSA listening', 'listening'],
    // the event that the listener waits for
    'listening of Node': ['listening', 'listening'],
  },
  listening: {
    resume: ['', 'listening'],
    suspend: ['', 'suspended'],
    shutdown: ['closed', 'closed'],
    tlsReload: ['tlsReloadFailed', 'listening'],
    'error of a client': ['acceptFailed', 'listening'],
    'error of the socket': ['failed', 'failed'],
    connection: ['newCSA', 'listening'],
    'listening of Node': ['', 'listening'],
  },
  failed: {
    resume: ['', 'failed'],
    suspend: ['', 'failed'],
    shutdown: ['', 'failed'],
    tlsReload: ['tlsReloadFailed', 'failed'],
    'error of a client': ['', 'failed'],
    'error of the socket': ['', 'failed'],
    connection: ['', 'failed'],
    'listening of Node': ['', 'failed'],
  },
  closed: {
    resume: ['', 'closed'],
    suspend: ['', 'closed'],
    shutdown: ['closed', 'closed'],
    tlsReload: ['tlsReloadFailed', 'closed'],
    'error of a client': ['', 'closed'],
    'error of the socket': ['', 'closed'],
    connection: ['', 'closed'],
    'listening of Node': ['', 'closed'],
  },
};

describe.each(Object.entries(answers) as [Status, (typeof answers)[Status]][])(
  'A listener that is %s',
  (status, row) => {
    it.each(Object.entries(row) as [Name, (typeof row)[Name]][])('answers %s', async (name, [told, then]) => {
      await using stage = await ListenerStage.make();
      await stage.meet(status, name);
      expect(stage.told).toBe(told);
      expect(await stage.findStatus()).toBe(then);
      await stage.stop();
      expect(stage.scenario.leftovers()).toEqual([]);
    });
  },
);
