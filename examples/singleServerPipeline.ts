/**
 * Kamaelia's SingleServerExample: a Cat sends its messages to a SingleServer, and a TCPClient sends what it receives
 * to a console. There are two pipelines, and a connection between them. The messages that Cat sends too early wait
 * for the client.
 *
 *     npx ts-node examples/singleServerPipeline.ts [port]
 *
 * In a project of your own, import from 'serverchart' instead of '../server/index'.
 */
import {
  createActor,
  fromCallback,
  setup,
  toPromise,
  type ActorRefFrom,
  type AnyActorLogic,
  type EventObject,
} from 'xstate';
import { pipeline, singleServer, tcpClient, type ProtocolEmitted } from '../server/index';

export const cat = (messages: readonly string[]): AnyActorLogic =>
  fromCallback<EventObject, unknown, ProtocolEmitted>(({ emit }) => {
    for (const data of messages) emit({ type: 'outbox', data });
    emit({ type: 'signal.producerFinished' });
  });

const consoleEchoer = (print: (text: string) => void): AnyActorLogic =>
  setup({
    types: {} as { events: { type: 'inbox'; data: Buffer } | { type: 'control.producerFinished' } },
    actions: {
      print: (_, data: Buffer) => {
        print(data.toString());
      },
    },
  }).createMachine({
    initial: 'open',
    states: {
      open: {
        on: {
          inbox: { actions: { type: 'print', params: ({ event }) => event.data } },
          'control.producerFinished': 'done',
        },
      },
      done: { type: 'final' },
    },
  });

/** Runs both pipelines. Resolves when the client has received everything. */
export async function runPipelines(port: number, print: (text: string) => void): Promise<void> {
  const serving = createActor(pipeline(cat(Array<string>(12).fill('Hello World\n')), singleServer), {
    input: { port },
  });
  const { children } = serving.getSnapshot() as { children: Record<'2', ActorRefFrom<typeof singleServer>> };
  const listening = new Promise<number>((resolve) => {
    children['2'].on('server.listening', (address) => {
      resolve(address.port);
    });
  });
  serving.start();
  const input = { port: await listening };
  await toPromise(createActor(pipeline(tcpClient, consoleEchoer(print)), { input }).start());
  serving.stop();
}

if (require.main === module) {
  void runPipelines(Number(process.argv[2] ?? 1601), (text) => process.stdout.write(text));
}
