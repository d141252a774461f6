/**
 * A chat room: each line of a client goes to all other clients. Each handler is a callback, which may send at any time.
 *
 *     npx ts-node examples/chat.ts [port]      then, in several windows: nc 127.0.0.1 1601
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import { fromCallback } from 'xstate';
import {
  createServerCore,
  type ConnectionInfo,
  type Protocol,
  type ProtocolEmitted,
  type ProtocolEvent,
  type ServerCore,
} from '../server/index';

/** Makes the handler for the clients of a room. Each call makes another room. */
export function chat(): Protocol {
  const room = new Map<string, (text: string) => void>();

  return fromCallback<ProtocolEvent, ConnectionInfo, ProtocolEmitted>(({ input: { id }, emit, receive }) => {
    const tellOthers = (text: string): void => {
      for (const [other, tell] of room) if (other !== id) tell(text);
    };
    room.set(id, (text) => {
      emit({ type: 'outbox', data: text });
    });
    tellOthers(`${id} has come\n`);
    // TCP may cut the bytes anywhere, also inside a line or a character
    const decoder = new TextDecoder();
    let line = '';
    receive((event) => {
      if (event.type === 'inbox') {
        const lines = (line + decoder.decode(event.data, { stream: true })).split('\n');
        line = lines.pop() ?? '';
        for (const whole of lines) tellOthers(`${id}: ${whole}\n`);
      }
      if (event.type === 'control.serverShutdown') emit({ type: 'signal.producerFinished' });
    });
    return () => {
      room.delete(id);
      tellOthers(`${id} has left\n`);
    };
  });
}

export const chatServer = (port: number): ServerCore => createServerCore({ protocol: chat(), port });

if (require.main === module)
  void chatServer(Number(process.argv[2] ?? 1601))
    .start()
    .then(console.log);
