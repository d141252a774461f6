import { describe, expect, it } from '@jest/globals';
import { fromEventObservable, fromObservable } from 'xstate';
import type { ConnectionInfo, ProtocolEmitted } from '../server/index';
import { eventually } from './support/events';
import { receiveToEnd, serving } from './support/serving';
import { Stream } from './support/stream';

describe('An observable as a protocol', () => {
  const serve = serving();

  const first = async <T>(stream: Stream<T>): ReturnType<typeof serve.first> => {
    const client = await serve.first(fromObservable(() => stream as never));
    await eventually(() => stream.observers === 1);
    return client;
  };

  it('sends each value that is a string or bytes, and ignores the others', async () => {
    const stream = new Stream<unknown>();
    const client = await first(stream);
    for (const value of ['one ', 2, Buffer.from('three '), undefined, null, { data: 'x' }, '', Uint8Array.from([52])]) {
      stream.next(value);
    }
    expect(await client.receiveText(11)).toBe('one three 4');
  });

  it('sends a value again that comes again', async () => {
    const stream = new Stream<string>();
    const client = await first(stream);
    stream.next('x');
    stream.next('x');
    stream.next('x');
    expect(await client.receiveText(3)).toBe('xxx');
  });

  it('does not send a value again because bytes came in', async () => {
    const stream = new Stream<string>();
    const client = await first(stream);
    stream.next('once ');
    expect(await client.receiveText(5)).toBe('once ');
    client.socket.write('in');
    await eventually(() => serve.socketOf()?.bytesIn === 2);
    stream.next('twice');
    stream.complete();
    expect(await receiveToEnd(client)).toBe('twice');
  });

  it('sends what it says while it is subscribed to', async () => {
    const client = await first(new Stream('hello ', 'at ', 'once'));
    expect(await client.receiveText(13)).toBe('hello at once');
  });

  it('flushes and closes on completion, without repeating the last value', async () => {
    const stream = new Stream<string>();
    const client = await first(stream);
    const long = 'l'.repeat(4 * 1024 * 1024);
    stream.next(long);
    stream.complete();
    expect((await receiveToEnd(client)) === long).toBe(true);
    expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: long.length });
  });

  it('just closes when it completes without a value', async () => {
    const stream = new Stream<string>();
    const client = await first(stream);
    stream.complete();
    expect(await receiveToEnd(client)).toBe('');
    expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: 0 });
  });

  it('is unsubscribed from when the peer has gone', async () => {
    const stream = new Stream<string>();
    const client = await first(stream);
    client.end();
    expect(await serve.ended()).toMatchObject({ reason: 'peerClosed' });
    expect(stream.observers).toBe(0);
  });

  it('may emit as well', async () => {
    const stream = new Stream<string>();
    const client = await serve.first(
      fromObservable<string, ConnectionInfo, ProtocolEmitted>(({ emit, input }) => {
        emit({ type: 'outbox', data: `${input.id} ` });
        return stream as never;
      }),
    );
    expect(await client.receiveText(13)).toBe('connection:1 ');
    stream.next('value');
    expect(await client.receiveText(5)).toBe('value');
  });

  it('of events sends them to its connection, as sendBack does', async () => {
    const stream = new Stream<ProtocolEmitted>();
    const client = await serve.first(fromEventObservable(() => stream as never));
    await eventually(() => stream.observers === 1);
    stream.next({ type: 'outbox', data: 'event' });
    stream.next({ type: 'signal.producerFinished' });
    expect(await receiveToEnd(client)).toBe('event');
    expect(await serve.ended()).toMatchObject({ reason: 'handlerFinished', bytesOut: 5 });
  });
});
