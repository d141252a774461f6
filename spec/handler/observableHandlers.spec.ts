import { describe, expect, it } from '@jest/globals';
import { fromEventObservable, fromObservable } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted } from '../../server/index';
import { handler, type HandlerScenario } from '../../server/testing/index';
import { Stream } from '../support/stream';

const serve = <T>(stream: Stream<T>): Promise<HandlerScenario> => handler(fromObservable(() => stream as never));

describe('An observable as a protocol', () => {
  it('sends each value that is a string or bytes, and ignores the others', async () => {
    const stream = new Stream<unknown>();
    await using h = await serve(stream);
    for (const value of ['one ', 2, Buffer.from('three '), undefined, null, { data: 'x' }, '', Uint8Array.from([52])]) {
      stream.next(value);
    }
    await h.outbox('one three 4');
    await h.peer.receivesNothing();
    expect(stream.observers).toBe(1);
  });

  it('sends a value again that comes again', async () => {
    const stream = new Stream<string>();
    await using h = await serve(stream);
    stream.next('x');
    stream.next('x');
    stream.next('x');
    await h.outbox('xxx');
    await h.peer.isOpen();
    expect(h.peer.received).toHaveLength(0);
  });

  it('does not send a value again because bytes came in', async () => {
    const stream = new Stream<string>();
    await using h = await serve(stream);
    stream.next('once ');
    await h.outbox('once ');
    await h.inbox('in');
    await h.peer.receivesNothing();
    stream.next('twice');
    stream.complete();
    await h.outbox('twice');
    await h.peer.receivesNothing();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesIn: 2, bytesOut: 10 });
  });

  it('sends what it says while it is subscribed to', async () => {
    await using h = await serve(new Stream('hello ', 'at ', 'once'));
    await h.outbox('hello at once');
    expect(h.peer.received).toHaveLength(0);
  });

  it('flushes and closes on completion, without repeating the last value', async () => {
    const stream = new Stream<string>();
    await using h = await serve(stream);
    const long = 'l'.repeat(1_000_000);
    h.peer.stopsReading();
    stream.next(long);
    stream.complete();
    await h.peer.isOpen();
    await h.peer.readsOn();
    await h.outbox(long);
    await h.peer.receivesNothing();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: long.length });
  });

  it('just closes when it completes without a value', async () => {
    const stream = new Stream<string>();
    await using h = await serve(stream);
    stream.complete();
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 0 });
  });

  it('is unsubscribed from when the peer has gone', async () => {
    const stream = new Stream<string>();
    await using h = await serve(stream);
    await h.peer.ends();
    await h.isClosed('peerClosed');
    expect(stream.observers).toBe(0);
  });

  it('may emit as well', async () => {
    const stream = new Stream<string>();
    await using h = await handler(
      fromObservable<string, ConnectionInfo, ProtocolEmitted>(({ emit, input }) => {
        emit({ type: 'outbox', data: `${input.id} ` });
        return stream as never;
      }),
    );
    await h.outbox('connection:1 ');
    stream.next('value');
    await h.outbox('value');
    expect(h.emitted).toEqual([{ type: 'outbox', data: 'connection:1 ' }]);
  });

  it('of events sends them to its connection, as sendBack does', async () => {
    const stream = new Stream<ProtocolEmitted>();
    await using h = await handler(fromEventObservable(() => stream as never));
    stream.next({ type: 'outbox', data: 'event' });
    stream.next({ type: 'signal.producerFinished' });
    await h.outbox('event');
    expect(await h.isClosed('handlerFinished')).toMatchObject({ bytesOut: 5 });
  });
});
