import type { HelloMessage, ServerMessage } from '../messages';
import { live, livedAt } from './actor';
import type { App, Pane } from './app';
import { chartPane } from './chartPane';
import { detailsPane } from './detailsPane';
import { byId, count, setText } from './dom';
import { listenToKeys } from './keys';
import { sequencePane } from './sequencePane';
import { makeSplitters } from './splitters';
import { followTheme } from './theme';
import { transport } from './transport';
import { treePane } from './treePane';
import { View } from './view';
import { watchList } from './watchList';
import { ServerConnection, type ConnectionState } from './serverConnection';

const view = new View();
let tellsContext: boolean | undefined;
let isDue = false;

const client = new ServerConnection({ onMessage: receive, onState: showState });
const app: App = {
  view,
  get tellsContext() {
    return tellsContext;
  },
  changed() {
    if (!isDue) requestAnimationFrame(draw);
    isDue = true;
  },
  wantChart(definition) {
    client.send({ type: 'chart', definition });
  },
};

const tree = treePane(app);
const chart = chartPane(app);
const time = transport(app);
const panes: readonly Pane[] = [tree, chart, detailsPane(app), sequencePane(app), time];
const watch = watchList(client, () => view.watched(tree.inSight));
listenToKeys({ app, tree, chart, transport: time });
followTheme(byId('theme'));
makeSplitters();
byId('connection').addEventListener('click', () => {
  if (['stopped', 'refused'].includes(document.body.dataset['connection'] ?? '')) client.connect();
});
client.connect();
app.changed();

function draw(): void {
  isDue = false;
  for (const pane of panes) pane.draw();
  drawCensus();
  watch.update();
}

function receive(message: ServerMessage): void {
  switch (message.type) {
    case 'hello':
      greet(message);
      break;
    case 'batch':
      view.receive(message.records, performance.now());
      break;
    case 'chart':
      chart.receive(message);
  }
  app.changed();
}

function greet({ context }: HelloMessage): void {
  tellsContext = context;
  view.reconnect();
  watch.begin();
}

function drawCensus(): void {
  const { shown, position } = view;
  let living = shown.live;
  if (position !== live) {
    living = 0;
    for (const actor of shown.actors.values()) if (livedAt(actor, position)) living += 1;
  }
  setText(byId('live-count'), count(living));
}

function showState(state: ConnectionState): void {
  document.body.dataset['connection'] = state;
  const words = {
    connecting: 'connecting…',
    connected: 'connected',
    reconnecting: 'reconnecting…',
    stopped: 'stopped: try again',
    refused: 'restarted: open its new URL',
  };
  setText(byId('connection'), words[state]);
}
