/**
 * serverchart/inspect: watch the statecharts of a running server, in a browser page without internet, in the Stately
 * Inspector, or as text; and draw them. The core never imports it.
 */
import '../../actors/xstate/requireXState';

export { Hub } from './hub/hub';
export type { HubOptions } from './hub/lens';
export { startInspector, type Inspector } from './web/startInspector';
export type { InspectorOptions } from './web/inspectorOptions';
export { traceTo } from './trace/traceTo';
export type { Viewer } from './hub/viewer';
export type * from './wire';
export { drawChart, type DrawChartOptions } from '../diagram/drawChart';
export { toMermaid } from '../diagram/toMermaid';
