/**
 * The page that shows the running system in the Stately Inspector: in a frame, or in a window of its own. It speaks the
 * protocol of `@statelyai/inspect`, to nobody but the window that it has opened, and while that is of the origin that it
 * was opened for.
 */
import type { InspectionRecord, ServerMessage } from '../wire';
import { byId, count, h, setText } from './dom';
import { StatelyMessages, type StatelyMessage } from './statelyMessages';
import { WireClient, type Connection } from './wireClient';

/** So many actors are shown. The Stately Inspector draws each of them. */
const most = 100;

const messages = new StatelyMessages();
const { url } = (await (await fetch('stately.json')).json()) as { readonly url: string };
const { origin, host } = new URL(url);

const frame = h('iframe', {
  title: 'Stately Inspector',
  referrerpolicy: 'no-referrer',
  // whatever it needs, but not to lead this page elsewhere
  sandbox: 'allow-scripts allow-same-origin allow-forms allow-downloads allow-popups allow-popups-to-escape-sandbox',
  src: url,
});
document.body.append(frame);

/** Where the Stately Inspector is: in the frame, until somebody opens a window. */
let stately: Window | null = frame.contentWindow;
/** Until it has said so it would miss what it is told. */
let isReady = false;

function post(message: StatelyMessage): void {
  if (isReady) stately?.postMessage(message, origin);
}

addEventListener('message', ({ source, origin: from, data }: MessageEvent<unknown>) => {
  if (source === null || source !== stately || from !== origin) return;
  if ((data as { readonly type?: unknown } | null)?.type !== '@statelyai.connected') return;
  isReady = true;
  for (const message of messages.all()) post(message);
  report();
});

byId('open').addEventListener('click', () => {
  const opened = open(url, 'serverchart-stately');
  // the browser may have blocked it
  if (opened === null) return;
  frame.remove();
  stately = opened;
  isReady = false;
  report();
});

const words: Readonly<Record<Connection, string>> = {
  connecting: 'connecting to the server …',
  connected: 'connected',
  reconnecting: 'the server is gone; trying again …',
  stopped: 'the server is gone',
  refused: 'the server has restarted: open its new URL',
};

function report(connection?: Connection): void {
  if (connection !== undefined) {
    document.body.dataset['connection'] = connection;
    setText(byId('connection'), words[connection]);
  }
  document.body.toggleAttribute('data-ready', isReady);
  setText(byId('ready'), isReady ? `shown at ${host}` : `waiting for ${host}, which this page must be able to reach …`);
  setText(byId('shown'), count(messages.shown));
  setText(byId('living'), count(messages.living));
}

function tell(records: readonly InspectionRecord[]): void {
  for (const record of records) for (const message of messages.tell(record)) post(message);
  report();
}

const server = new WireClient({
  onConnection: report,
  onMessage(message: ServerMessage) {
    if (message.type === 'hello') {
      messages.clear();
      server.send({ type: 'watch', ids: [], auto: most });
    } else if (message.type === 'batch') {
      tell(message.records);
    }
  },
});
server.connect();
