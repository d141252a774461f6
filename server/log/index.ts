/** serverchart/log: writes what servers emit to a logger. The core never imports this module. It loads no logger. */
export { logTo, type LogFields, type Logger } from './logTo';
export type { AnyServer, Attachment } from '../anyServer';
