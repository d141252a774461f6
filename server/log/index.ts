/** serverchart/log: writes what servers emit to a logger. The core never imports it, and it loads no logger itself. */
export { logTo, type LogFields, type Logger } from './logTo';
export type { AnyServer, Attachment } from '../anyServer';
