/**
 * serverchart/inspect: watch the statecharts of a running server, in a browser page without internet, in the Stately
 * Inspector, or as text; and draw them. The core never imports it.
 *
 * The words of this folder:
 * - An *onlooker* is the person or the program that looks at a hub: the reader of a page, a terminal, a test.
 * - A `HubSubscription` is what `hub.join` gives an onlooker. The onlooker names actors to watch, and takes records.
 * - A `Subscriber` is the hub's side of one subscription. A `Watcher` is a subscriber as a watched actor knows it.
 * - A *record* says one thing that has happened to an actor. A *message* is what the server and a page send each other.
 * - A `PageConnection` is the server's end of a page's WebSocket, a `ServerConnection` is the page's end.
 */
import '../../actors/xstate/requireXState';

export { Hub } from './hub/hub';
export type { HubOptions } from './hub/lens';
export { startInspector, type Inspector } from './web/startInspector';
export type { InspectorOptions } from './web/inspectorOptions';
export { traceTo } from './trace/traceTo';
export type { HubSubscription } from './hub/hubSubscription';
export type * from './messages';
export type * from './records';
export { drawChart, type DrawChartOptions } from '../diagram/drawChart';
export { toMermaid } from '../diagram/toMermaid';
