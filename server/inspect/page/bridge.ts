/**
 * The page that shows the running system in the Stately Inspector: in a frame, or in a window of its own. This page
 * speaks the protocol of `@statelyai/inspect`. It posts only to the frame or window that it has opened, and only
 * while a page of the Stately Inspector's origin is in there.
 */
import type { ServerMessage } from '../messages';
import type { InspectionRecord } from '../records';
import { byId, count, h, setText } from './dom';
import { StatelyMessages, type StatelyMessage } from './statelyMessages';
import { ServerConnection, type ConnectionState } from './serverConnection';

/** How many actors are watched. The Stately Inspector draws each of them. */
const most = 100;

const messages = new StatelyMessages();
const { url } = (await (await fetch('stately.json')).json()) as { readonly url: string };
const { origin, host } = new URL(url);

const frame = h('iframe', {
  title: 'Stately Inspector',
  referrerpolicy: 'no-referrer',
  // all that the Stately Inspector needs, but no right to lead this page elsewhere
  sandbox: 'allow-scripts allow-same-origin allow-forms allow-downloads allow-popups allow-popups-to-escape-sandbox',
  src: url,
});
document.body.append(frame);

/** The window of the Stately Inspector: the frame's, until somebody opens another one. */
let stately: Window | null = frame.contentWindow;
/** Whether the Stately Inspector listens. Before it says so, it would miss messages. */
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
  // the browser may have blocked the window
  if (opened === null) return;
  frame.remove();
  stately = opened;
  isReady = false;
  report();
});

const words: Readonly<Record<ConnectionState, string>> = {
  connecting: 'connecting to the server …',
  connected: 'connected',
  reconnecting: 'the server is gone; trying again …',
  stopped: 'the server is gone',
  refused: 'the server has restarted: open its new URL',
};

function report(state?: ConnectionState): void {
  if (state !== undefined) {
    document.body.dataset['connection'] = state;
    setText(byId('connection'), words[state]);
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

const server = new ServerConnection({
  onState: report,
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
